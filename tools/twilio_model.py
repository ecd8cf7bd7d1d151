"""What exists at the simulated Twilio: accounts, calls, recordings, numbers, and how each looks as a REST resource.

Names and types follow Twilio's published OpenAPI description (tests/data/twilio-recordings-openapi.json).
"""
from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

from fakehttp import Request, Step
from twilio_callbacks import rfc2822
from twilio_crypto import Envelope

API = "/2010-04-01"
KEPT_DELETED_S = 40 * 86400  # how long a deleted recording's metadata can still be seen

# RecordingSource -> channels, as seen in the field. StartCallRecordingTwiML is real but in no published list.
SOURCES = {"RecordVerb": 1, "DialVerb": 2, "Conference": 1, "OutboundAPI": 1, "Trunking": 2,
           "StartCallRecordingAPI": 2, "StartConferenceRecordingAPI": 1, "StartCallRecordingTwiML": 2}


def new_sid(kind: str) -> str:
    """A SID of the given kind: two letters and 32 hex digits."""
    return kind + secrets.token_hex(16)


class Account(dict):
    """An account or subaccount. As a dict: who may ask for its resources, user name -> password.

    token   the primary auth token: the only one that signs callbacks
    """

    def __init__(self, sid: str, token: str, owner: "Account | None" = None, name: str = "Kol"):
        super().__init__({sid: token})
        self.sid, self.token, self.owner, self.name = sid, token, owner, name
        self.secondary: str | None = None
        self.status = "active"
        self.created_at = time.time() - 86400

    @property
    def path(self) -> str:
        return f"{API}/Accounts/{self.sid}"

    def add_secondary(self) -> str:
        """A secondary token, made to rotate: it may ask, but does not sign yet."""
        self.secondary = secrets.token_hex(16)
        return self.secondary

    def promote(self) -> str:
        """The secondary token becomes the primary one; the old one is worth nothing from now on."""
        self[self.sid] = self.token = self.secondary or self.token
        self.secondary = None
        return self.token

    def knows(self, user: str, password: str) -> bool:
        """Whether these may act for it: its own credentials, or those of the account that it belongs to."""
        if user == self.sid and self.secondary and secrets.compare_digest(self.secondary, password):
            return True
        own = self.get(user)
        if own is not None:
            return secrets.compare_digest(own, password)
        return self.owner is not None and self.owner.knows(user, password)

    def as_json(self) -> dict:
        """The Account resource."""
        names = {"addresses": "Addresses", "applications": "Applications", "available_phone_numbers":
                 "AvailablePhoneNumbers", "balance": "Balance", "calls": "Calls", "conferences": "Conferences",
                 "incoming_phone_numbers": "IncomingPhoneNumbers", "keys": "Keys", "messages": "Messages",
                 "notifications": "Notifications", "outgoing_caller_ids": "OutgoingCallerIds", "queues": "Queues",
                 "recordings": "Recordings", "signing_keys": "SigningKeys", "sip": "SIP", "transcriptions":
                 "Transcriptions", "usage": "Usage"}
        return {
            "auth_token": self.token, "date_created": rfc2822(self.created_at), "date_updated": rfc2822(self.created_at),
            "friendly_name": self.name, "owner_account_sid": self.owner.sid if self.owner else self.sid,
            "sid": self.sid, "status": self.status, "type": "Full", "uri": f"{self.path}.json",
            "subresource_uris": {name: f"{self.path}/{part}.json" for name, part in names.items()},
        }


@dataclass
class Call:
    """One phone call as Twilio knows it."""

    sid: str
    account_sid: str
    from_: str
    to: str
    direction: str = "inbound"
    status: str = "completed"
    seconds: int = 30
    started_at: float = field(default_factory=lambda: time.time() - 60)
    language: str = "en-US"
    parent_call_sid: str | None = None
    phone_number_sid: str | None = None
    trunk_sid: str | None = None

    @property
    def path(self) -> str:
        return f"{API}/Accounts/{self.account_sid}/Calls/{self.sid}"

    @property
    def ended_at(self) -> float:
        return self.started_at + self.seconds

    def as_json(self) -> dict:
        """The Call resource."""
        parts = {"notifications": "Notifications", "payments": "Payments", "recordings": "Recordings", "siprec": "Siprec",
                 "streams": "Streams", "transcriptions": "Transcriptions", "events": "Events",
                 "user_defined_messages": "UserDefinedMessages",
                 "user_defined_message_subscriptions": "UserDefinedMessageSubscriptions"}
        ended = self.status in ("completed", "busy", "failed", "no-answer", "canceled")
        return {
            "account_sid": self.account_sid, "answered_by": None, "api_version": "2010-04-01", "caller_name": None,
            "date_created": rfc2822(self.started_at), "date_updated": rfc2822(self.ended_at),
            "direction": self.direction, "duration": str(self.seconds) if ended else None,
            "end_time": rfc2822(self.ended_at) if ended else None, "forwarded_from": None, "from": self.from_,
            "from_formatted": self.from_, "group_sid": None, "parent_call_sid": self.parent_call_sid,
            "phone_number_sid": self.phone_number_sid or "PN" + self.sid[2:], "price": None, "price_unit": "USD",
            "queue_time": "0", "sid": self.sid, "start_time": rfc2822(self.started_at), "status": self.status,
            "subresource_uris": {name: f"{self.path}/{part}.json" for name, part in parts.items()},
            "to": self.to, "to_formatted": self.to, "trunk_sid": self.trunk_sid, "uri": f"{self.path}.json",
        }


class Recording:
    """One recording: its media, what the resource says about it, and the faults a test wants."""

    def __init__(self, sim, call: Call, sid: str, media: dict, seconds: int | None, channels: int,
                 source: str, status: str, conference_sid: str | None = None):
        self.sim, self.call, self.sid = sim, call, sid
        self.account_sid = call.account_sid
        self.media = media  # "wav" and "mp3" -> bytes
        self.mono = {}  # the same for RequestedChannels=1, when it differs
        self.seconds = seconds
        self.channels = channels
        self.source = source
        self.status = status  # in-progress, paused, stopped, processing, completed, absent, deleted
        self.conference_sid = conference_sid
        self.error_code: int | None = None
        self.durations: list = []  # raw JSON values for the next fetches; the true one when used up
        self.started_at = call.started_at
        self.deleted_at: float | None = None
        self.envelope: Envelope | None = None  # set by encrypt()
        self.as_in_guide = False  # which names encryption_details has
        self.elsewhere: str | None = None  # set by move_to()
        self.ranges = True  # whether the media know Range
        self.path = f"{API}/Accounts/{self.account_sid}/Recordings/{sid}"

    def media_path(self, form: str = "") -> str:
        """The media's path: form is "", "mp3" or "wav"."""
        return self.path + (f".{form}" if form else "")

    # ---- faults and states ----

    def script(self, form: str, *steps: Step | int | None):
        """The next requests of one media format (or "json": the resource) take these steps."""
        self.sim.script(self.media_path(form), *steps)

    def always(self, form: str, step: Step | int | None):
        """Every request of one format is answered so, until told otherwise."""
        self.sim.always(self.media_path(form), step)

    def gone(self, status: str = "deleted", error_code: int | None = None):
        """Twilio no longer has it (`deleted`) or never will (`absent`)."""
        self.status, self.error_code, self.media, self.mono = status, error_code, {}, {}
        self.deleted_at = time.time() if status == "deleted" else None

    def finish(self, wav: bytes | None = None, mp3: bytes | None = None, seconds: int = 13):
        """Processing ends: the media are there."""
        self.media |= {form: data for form, data in (("wav", wav), ("mp3", mp3)) if data is not None}
        self.seconds, self.status = seconds, "completed"

    def encrypt(self, public_key: Path, public_key_sid: str | None = None, as_in_guide: bool = False):
        """From now on Twilio has it encrypted only."""
        self.envelope, self.as_in_guide = Envelope(public_key, public_key_sid or new_sid("CR")), as_in_guide
        self.media = {form: self.envelope.seal(data) for form, data in self.media.items()}
        self.mono = {form: self.envelope.seal(data) for form, data in self.mono.items()}

    def redirect(self, store, form: str = "", times: int = 1, status: int = 302):
        """The next requests of one format are sent to another host, which has the media under a signed link."""
        kind = form or "wav"
        url = store.put(self.media[kind], "audio/mpeg" if kind == "mp3" else "audio/x-wav", f"/{self.sid}.{kind}")
        self.script(form, *[Step(status, {"Location": url})] * times)

    def move_to(self, store) -> str:
        """The media lie in the customer's own storage: Twilio has none, the resource says where; returns that URL."""
        kind = "wav" if "wav" in self.media else "mp3"
        self.elsewhere = store.put(self.media[kind], "audio/mpeg" if kind == "mp3" else "audio/x-wav",
                                   f"/{self.account_sid}/{self.sid}", signed=False)
        self.media, self.mono = {}, {}
        return self.elsewhere

    # ---- what it looks like ----

    def fetches(self, form: str | None = None) -> list[Request]:
        """Requests for the media (of one format, or any)."""
        forms = ("", "mp3", "wav") if form is None else (form,)
        paths = {self.media_path(f) for f in forms}
        return [r for r in self.sim.requests() if r.path in paths]

    @property
    def visible(self) -> bool:
        """Whether IncludeSoftDeleted still shows it."""
        return self.status != "deleted" or time.time() - (self.deleted_at or 0) < KEPT_DELETED_S

    def next_duration(self):
        """The duration that this fetch shows, and the status that goes with it."""
        if self.durations:
            value = self.durations.pop(0)
            known = str(value).isdigit() and int(value) > 0
            return value, self.status if known else "processing"
        return None if self.seconds is None else str(self.seconds), self.status

    def as_json(self, listed: bool = False, of_call: bool = False, exact: bool = True) -> dict:
        """The Recording resource. Looking at it in a list does not use up a scripted duration.

        exact   false: a plain fetch, in which all that is not finished is `processing`
        """
        full = None if self.seconds is None else str(self.seconds)
        duration, status = (full, self.status) if listed else self.next_duration()
        if status in ("absent", "deleted", "in-progress", "paused", "stopped"):
            duration = None
        if not exact and status in ("in-progress", "paused", "stopped"):
            status = "processing"
        resource = {
            "account_sid": self.account_sid, "api_version": "2010-04-01", "call_sid": self.call.sid,
            "channels": self.channels, "conference_sid": self.conference_sid, "date_created": rfc2822(self.started_at),
            "date_updated": rfc2822(self.started_at + (self.seconds or 0)), "duration": duration,
            "encryption_details": self.envelope.as_json(self.as_in_guide) if self.envelope else None,
            "error_code": self.error_code, "price": None, "price_unit": "USD", "sid": self.sid, "source": self.source,
            "start_time": rfc2822(self.started_at), "status": status, "uri": f"{self.path}.json",
        }
        if of_call:
            return resource | {"track": "both"}
        return resource | {
            "media_url": self.elsewhere or self.sim.url + self.path,
            "subresource_uris": {"transcriptions": f"{self.path}/Transcriptions.json",
                                 "add_on_results": f"{self.path}/AddOnResults.json"},
        }


class Number:
    """One of an account's phone numbers; `settings` are its resource's fields that can be changed."""

    URLS = ("voice_url", "voice_fallback_url", "status_callback", "sms_url", "sms_fallback_url")
    METHODS = ("voice_method", "voice_fallback_method", "status_callback_method", "sms_method", "sms_fallback_method")

    def __init__(self, account_sid: str, number: str, sid: str | None = None, **settings):
        self.account_sid, self.number, self.sid = account_sid, number, sid or new_sid("PN")
        self.created_at = self.updated_at = time.time() - 3600
        self.settings = {name: "" for name in self.URLS} | {name: "POST" for name in self.METHODS} | {
            "friendly_name": number, "voice_application_sid": "", "sms_application_sid": "", "trunk_sid": None,
            "voice_caller_id_lookup": False, "voice_receive_mode": "voice", "emergency_status": "Active",
            "address_sid": None, "identity_sid": None, "bundle_sid": None, "emergency_address_sid": None,
        } | settings

    @property
    def path(self) -> str:
        return f"{API}/Accounts/{self.account_sid}/IncomingPhoneNumbers/{self.sid}"

    def as_json(self) -> dict:
        """The IncomingPhoneNumber resource."""
        return self.settings | {
            "account_sid": self.account_sid, "address_requirements": "none", "api_version": "2010-04-01", "beta": False,
            "capabilities": {"fax": False, "mms": False, "sms": False, "voice": True},
            "date_created": rfc2822(self.created_at), "date_updated": rfc2822(self.updated_at),
            "emergency_address_status": "unregistered", "origin": "twilio", "phone_number": self.number,
            "sid": self.sid, "status": "in-use", "type": "local", "uri": f"{self.path}.json",
            "voice_application_sid": self.settings["voice_application_sid"] or None,
            "sms_application_sid": self.settings["sms_application_sid"] or None,
        }
