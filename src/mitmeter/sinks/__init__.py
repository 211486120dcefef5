"""Where readings and events go: every destination follows the store by a durable cursor of its own.

`sink` is the contract of a destination, `forwarder` the one piece of code that drives them all:
batches, retries, dead letters, lag. Knows the store, the model and errors; no device, no journal,
no configuration. What a destination does never reaches the conversations with devices.
"""
