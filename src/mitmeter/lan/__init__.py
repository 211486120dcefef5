"""What a device network with no Internet needs: names, the time, addresses, and a way to see who
asked.

Sans-IO: questions come in as bytes with the asker's address, answers and verdicts go out as values.
The sockets, the clock and dnsmasq's process belong to the daemon.
"""
