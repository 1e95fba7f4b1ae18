"""Probes about external key stores, which are listed and not made, and of keys as if in one."""

from collections.abc import Iterator

from kmspec.names import Origin
from kmspec_model.command import Pairs, Ref
from kmspec_model.probes.probe import UNKNOWN_STORE, Probe, kms
from kmspec_model.world import World

_EXTERNAL = Origin.EXTERNAL_KEY_STORE.value
_CREDENTIAL = Pairs((("AccessKeyId", "A" * 20), ("RawSecretAccessKey", "a" * 43)))


def external_stores(world: World) -> Iterator[Probe]:
    """What asks for an external key store, where nothing is, and an update of a store there is."""
    if world.stores and not world.keys:
        store = Ref("store", world.stores[0].index)
        path = "/other/kms/xks/v1"
        yield kms("external", "UpdateCustomKeyStore", CustomKeyStoreId=store, XksProxyUriPath=path)
    if world.made.clusters or world.made.keys:
        return
    yield kms(
        "external",
        "CreateCustomKeyStore",
        CustomKeyStoreName=Ref("name", 0),
        CustomKeyStoreType=_EXTERNAL,
        XksProxyUriEndpoint="https://xks.example.com",
        XksProxyUriPath="/kms/xks/v1",
        XksProxyConnectivity="PUBLIC_ENDPOINT",
        XksProxyAuthenticationCredential=_CREDENTIAL,
    )
    yield kms(
        "external",
        "CreateKey",
        Origin=_EXTERNAL,
        CustomKeyStoreId=UNKNOWN_STORE,
        XksKeyId="external-key",
    )
    yield kms("external-key", "CreateKey", XksKeyId="external-key")
