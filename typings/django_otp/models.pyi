from typing import Any, ClassVar

from django.db import models

from accounts.models import User

class Device(models.Model):
    user: models.ForeignKey[User, User]
    name: models.CharField[str, str]
    confirmed: models.BooleanField[bool, bool]
    objects: ClassVar[Any]

    class Meta:
        abstract = True
