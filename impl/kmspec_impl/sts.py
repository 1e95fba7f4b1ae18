"""AWS STS: the one operation that clients ask to learn who they are."""

from kmspec_impl.identity import root_arn
from kmspec_impl.realm import Parameters, Realm, Response


def get_caller_identity(realm: Realm, parameters: Parameters, now: float) -> Response:
    """GetCallerIdentity: the root user of the caller's account, for nobody is authenticated."""
    del parameters, now
    account = realm.caller.account
    return {"UserId": account, "Account": account, "Arn": root_arn(realm.caller)}
