// Signing in: the token goes to the server once and stays there as a cookie scripts cannot read.

const form = document.getElementById("login");
const field = document.getElementById("token");
const said = document.getElementById("login-error");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  said.textContent = "";
  try {
    const answer = await fetch("login", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Mitmeter": "1" },
      body: JSON.stringify({ token: field.value.trim() }),
    });
    if (answer.ok) {
      location.replace("./");
      return;
    }
    const body = await answer.json().catch(() => ({}));
    said.textContent = body.error ?? `The server answered ${answer.status}.`;
  } catch {
    said.textContent = "mitmeter does not answer. Is it still running?";
  }
  field.select();
});
field.focus();
