"""The other side of the wire: what a user or an operator says to an endpoint.

Nothing here is part of the emulator; it is what `kmspec call`, `kmspec hsm` and
`kmspec keystore up` do, and it works on the embedded emulator as on a URL.
"""
