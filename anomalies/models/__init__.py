from __future__ import annotations

from anomalies.models.attempt import LoginAttempt
from anomalies.models.case import ReviewCase
from anomalies.models.choice import AlertSent, Mute, ProvenAddress, TrustedPlace
from anomalies.models.demand import PasswordDemand
from anomalies.models.fault import GeoNotice, RuleFault
from anomalies.models.grant import MailedCode, SignInGrant

__all__ = [
    "AlertSent",
    "GeoNotice",
    "LoginAttempt",
    "MailedCode",
    "Mute",
    "PasswordDemand",
    "ProvenAddress",
    "ReviewCase",
    "RuleFault",
    "SignInGrant",
    "TrustedPlace",
]
