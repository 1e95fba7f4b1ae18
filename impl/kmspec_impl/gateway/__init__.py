"""The HTTP edge of the emulator: what comes over the wire, in, and what goes back.

One dispatch (``app``) for JSON 1.1, Smithy RPC v2 CBOR, the query protocol of STS and the
administration routes; input is checked from the service model (``validation``).
"""
