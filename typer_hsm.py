"""The commands `kmspec hsm`: what an operator does on the HSMs and AWS has no API for."""

from typing import Any

from kmspec_impl.client.errors import UseError
from typer_words import (
    AsJson,
    Cluster,
    FaultName,
    Handle,
    HsmId,
    Rate,
    Secret,
    Url,
    User,
    done,
    group,
)

hsm = group("What an operator does on the HSMs and AWS has no API for.")
hsm_user = group("Users of the HSMs of a cluster.")
hsm_key = group("Key material in the HSMs of a cluster.")
hsm_fault = group("What is broken in a cluster, to rehearse for it.")
hsm.add_typer(hsm_user, name="user")
hsm.add_typer(hsm_key, name="key")
hsm.add_typer(hsm_fault, name="fault")


@hsm.command("activate")
def hsm_activate(cluster: Cluster, password: Secret = None, url: Url = None) -> int:
    """Activate an initialised cluster: set the password of its admin."""
    secret, note = _password(password, "the HSM admin", "the CloudHSM CLI would ask for it")
    _operate(url, "ActivateCluster", ClusterId=cluster, Password=secret)
    return done(f"{note}{cluster} is ACTIVE")


@hsm_user.command("add")
def user_add(cluster: Cluster, name: User, password: Secret = None, url: Url = None) -> int:
    """Add a crypto user on all HSMs; AWS KMS logs in as kmsuser."""
    secret, note = _password(password, name, "it is the KeyStorePassword of the key store")
    _operate(url, "CreateUser", ClusterId=cluster, UserName=name, Password=secret)
    return done(f"{note}{name} is a crypto user of {cluster}")


@hsm_user.command("password")
def user_password(cluster: Cluster, name: User, password: Secret = None, url: Url = None) -> int:
    """Change a user's password as the admin; this also unlocks the user."""
    secret, note = _password(password, name, "give it to UpdateCustomKeyStore as KeyStorePassword")
    _operate(url, "ChangePassword", ClusterId=cluster, UserName=name, Password=secret)
    return done(f"{note}{name} of {cluster} has a new password and is not locked")


@hsm_user.command("lock")
def user_lock(cluster: Cluster, name: User, url: Url = None) -> int:
    """Lock a user out, as too many wrong logins do."""
    _operate(url, "LockUser", ClusterId=cluster, UserName=name)
    return done(f"{name} of {cluster} is locked out")


@hsm_user.command("login")
def user_login(cluster: Cluster, name: User, password: Secret = None, url: Url = None) -> int:
    """Log in as a user and stay logged in."""
    if password is None:
        raise UseError(f"logging in as {name} needs a password", "set KMSPEC_PASSWORD")
    _operate(url, "LoginUser", ClusterId=cluster, UserName=name, Password=password)
    return done(f"{name} is logged in to {cluster}")


@hsm_user.command("logout")
def user_logout(cluster: Cluster, name: User, url: Url = None) -> int:
    """Log a user out."""
    _operate(url, "LogoutUser", ClusterId=cluster, UserName=name)
    return done(f"{name} is logged out of {cluster}")


@hsm_user.command("remove")
def user_remove(cluster: Cluster, name: User, url: Url = None) -> int:
    """Remove a user who owns no keys and is not logged in."""
    _operate(url, "DeleteUser", ClusterId=cluster, UserName=name)
    return done(f"{name} is no user of {cluster}")


@hsm_key.command("list")
def key_list(cluster: Cluster, url: Url = None, as_json: AsJson = False) -> int:
    """List the keys in the HSMs: handle, owner, and the ARN that is the label."""
    found = _operate(url, "ListHsmKeys", ClusterId=cluster)["Keys"]
    return _listed("Keys", found, ("Handle", "Owner", "Label"), as_json=as_json)


@hsm_key.command("delete")
def key_delete(cluster: Cluster, handle: Handle, url: Url = None) -> int:
    """Delete key material in every HSM of the cluster; backups keep it."""
    _operate(url, "DeleteHsmKey", ClusterId=cluster, Handle=handle)
    return done(f"handle {handle} is deleted in {cluster}")


@hsm_fault.command("list")
def fault_list(cluster: Cluster, url: Url = None, as_json: AsJson = False) -> int:
    """List what is broken in a cluster."""
    found = _operate(url, "ListFaults", ClusterId=cluster)["Faults"]
    return _listed("Faults", found, ("Name", "HsmId"), as_json=as_json)


@hsm_fault.command("set")
def fault_set(cluster: Cluster, fault: FaultName, hsm_id: HsmId = None, url: Url = None) -> int:
    """Break something in a cluster."""
    _fault(url, "SetFault", cluster, fault, hsm_id)
    return done(f"{fault} is set in {cluster}")


@hsm_fault.command("clear")
def fault_clear(cluster: Cluster, fault: FaultName, hsm_id: HsmId = None, url: Url = None) -> int:
    """Mend what was broken."""
    _fault(url, "ClearFault", cluster, fault, hsm_id)
    return done(f"{fault} is cleared in {cluster}")


@hsm.command("load")
def hsm_load(cluster: Cluster, rate: Rate, url: Url = None) -> int:
    """Keep a cluster busy with other work, operations per second."""
    from kmspec_impl.client.operator import load_rate

    _operate(url, "SetLoad", ClusterId=cluster, Rate=load_rate(rate))
    return done(f"{cluster} does {rate:g} other operations per second")


def _operate(url: str | None, operation: str, **parameters: object) -> dict[str, Any]:
    from kmspec_impl.client.operator import operate

    return operate(url, operation, **parameters)


def _fault(url: str | None, operation: str, cluster: str, name: str, hsm_id: str | None) -> None:
    from kmspec_impl.client.operator import fault_parameters

    _operate(url, operation, ClusterId=cluster, **fault_parameters(name, hsm_id))


def _password(given: str | None, whose: str, where: str) -> tuple[str, str]:
    from kmspec_impl.client.keystore import password_of

    return password_of(given, whose, where)


def _listed(member: str, rows: list[Any], columns: tuple[str, ...], *, as_json: bool) -> int:
    from kmspec_impl.client.operator import listed

    return done(listed(member, rows, columns, as_json=as_json))
