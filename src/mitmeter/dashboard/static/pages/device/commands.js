// What the device can be told. Nothing is sent on one click: first it is written down in full,
// then its name has to be typed.

import { h, icon, replace } from "../../core/dom.js";
import { part, post } from "../../core/api.js";
import { mayControl } from "../../core/site.js";
import { deviceTitle } from "../../words/quantities.js";
import { toast } from "../../parts/toast.js";

export function makeCommands(device) {
  const commands = Array.isArray(device.commands) ? device.commands : [];
  const body = !commands.length
    ? h("p", { class: "soft" }, "This kind of device takes no commands.")
    : device.control === false || !mayControl()
      ? h("p", { class: "soft" }, mayControl() ? ["Control is off for its station. To allow it, set ", h("code", {}, "control = true"), " there in the configuration."] : "This sign-in may look, but not control.", list(commands))
      : commands.map((command) => form(device, command));
  return h("section", { class: "card", "aria-labelledby": "commands-head" },
    h("div", { class: "card-head" }, h("h2", { id: "commands-head" }, "Commands")), h("div", { class: "stack" }, body));
}

function list(commands) {
  return h("ul", { class: "command-list" }, commands.map((command) => h("li", {}, h("code", {}, command.name), ` – ${command.summary}`)));
}

function form(device, command) {
  const id = `command-${command.name}`;
  const usage = usageOf(command);
  const field = usage ? h("input", { id, type: "text", autocomplete: "off", spellcheck: "false", placeholder: usage }) : null;
  const said = h("p", { class: "small", role: "status" });
  const submit = (event) => {
    event.preventDefault();
    const [words, wrong] = understood(field?.value ?? "");
    replace(said, wrong ? h("span", { class: "notice bad" }, wrong) : "");
    if (!wrong) confirm(device, command, words, said);
  };
  return h("form", { class: "command", on: { submit } },
    h("h3", {}, command.name), h("p", { class: "soft small" }, command.summary),
    field ? h("div", { class: "field" }, h("label", { for: id }, `Arguments of ${command.name}, as ${usage}`), field) : null,
    h("button", { class: "button", type: "submit" }, `Prepare “${command.name}” …`), said);
}

function usageOf(command) {
  return typeof command.arguments === "string" ? command.arguments : (command.arguments ?? []).map((one) => `${one.name}=…`).join(" ");
}

/** `[arguments, what is wrong]` of words such as `start=01:00 stop=05:00`. */
function understood(text) {
  const words = text.trim() ? text.trim().split(/\s+/) : [];
  const bad = words.find((word) => word.indexOf("=") < 1);
  if (bad) return [{}, `“${bad}” is not of the form name=value.`];
  return [Object.fromEntries(words.map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)])), ""];
}

function confirm(device, command, words, said) {
  const typed = h("input", { id: "confirm-name", type: "text", autocomplete: "off", spellcheck: "false" });
  const send = h("button", { class: "button danger", type: "submit", disabled: true }, "Send it");
  const trouble = h("p", { role: "alert" });
  typed.addEventListener("input", () => { send.disabled = typed.value.trim() !== command.name; });
  const submit = async (event) => {
    event.preventDefault();
    send.disabled = true;
    try {
      const answer = await post(`devices/${part(device.device)}/commands`, { name: command.name, arguments: words });
      dialog.close();
      replace(said, h("span", { class: `notice ${answer.accepted ? "good" : "bad"}` }, icon(answer.accepted ? "ok" : "fail"), ` ${answer.accepted ? "Accepted" : "Refused"}: ${answer.text}`));
      toast(answer.accepted ? "notice" : "warning", `${command.name}: ${answer.text}`);
    } catch (error) {
      replace(trouble, h("span", { class: "notice bad" }, error.message));
      send.disabled = false;
    }
  };
  const dialog = h("dialog", { "aria-labelledby": "confirm-head" },
    h("form", { on: { submit } },
      h("h2", { id: "confirm-head" }, `Send “${command.name}” to ${deviceTitle(device)}?`),
      h("p", {}, command.summary, ". This changes what a real device does, and is written into the record."),
      h("dl", { class: "facts" }, h("dt", {}, "Device"), h("dd", { class: "mono" }, device.device), Object.entries(words).map(([name, value]) => [h("dt", {}, name), h("dd", { class: "mono" }, value)])),
      h("div", { class: "field" }, h("label", { for: "confirm-name" }, `To confirm, type ${command.name}`), typed), trouble,
      h("div", { class: "row" }, h("button", { class: "button", type: "button", on: { click: () => dialog.close() } }, "Cancel"), send)));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  typed.focus();
}
