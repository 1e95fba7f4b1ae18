"""The emulator: AWS KMS custom key stores and the CloudHSM clusters behind them, for real.

:mod:`kmspec_impl.emulator` is the one funnel of requests. Of the specification this package
knows the vocabulary and the numbers only: what it does is written by hand from the documents.
"""
