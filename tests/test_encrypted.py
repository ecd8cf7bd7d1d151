"""Recordings that Twilio encrypted with the customer's public key: opened with the private one, or told so."""
import pytest
import twilio_crypto
from conftest import tone_wav, wait_until
from twilio_media import MediaStore


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """(private, public) of the customer."""
    return twilio_crypto.make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def other_keys(tmp_path_factory):
    """A pair that has nothing to do with it."""
    return twilio_crypto.make_keys(tmp_path_factory.mktemp("other"))


def give_key(house, path, check=True):
    """The business's private key."""
    return house.kol.run("business", "set", str(house.shop.id), f"--recording-key={path}", check=check)


def sealed_call(house, keys, **how):
    """A call whose recording is encrypted."""
    call, recording = house.new_call(wav=tone_wav(2), mp3=None)
    recording.encrypt(keys[1], **how)
    return call, recording


def paused(house, call):
    """The call's fetch job, once it waits for somebody."""
    return wait_until("the job to wait", lambda: next(
        (j for j in house.jobs(call) if j["stage"] == "fetch" and j["state"] == "paused"), None))


@pytest.mark.parametrize("as_in_guide", [False, True])
def test_opened_with_the_businesss_key(house, keys, as_in_guide):
    give_key(house, keys[0])
    call, recording = sealed_call(house, keys, as_in_guide=as_in_guide)
    house.announce(call, recording)
    assert house.wait_file(call).body == tone_wav(2)
    assert [p.name for p in house.audio_files()] == [f"{call.sid}.wav"]
    assert recording.fetches("mp3") == []
    listed = house.kol.get(f"/api/businesses/{house.shop.id}", house.op)
    assert listed["has_recording_key"] is True and str(keys[0]) not in str(listed)


def test_without_a_key_it_waits_for_one(house, keys):
    """Nothing is downloaded that could not be opened; the key is named, and with it the call goes on."""
    call, recording = sealed_call(house, keys)
    house.announce(call, recording)
    job = paused(house, call)
    assert job["error_code"] == "encrypted" and recording.envelope.public_key_sid in job["error"]
    assert "--recording-key" in job["error"] and recording.fetches() == []
    answer = house.file(call)
    assert answer.status == 503 and "encrypted" in answer.body.decode()
    give_key(house, keys[0])
    assert house.wait_file(call).body == tone_wav(2)


def test_the_wrong_key_stores_nothing(house, keys, other_keys):
    give_key(house, other_keys[0])
    call, recording = sealed_call(house, keys)
    house.announce(call, recording)
    job = paused(house, call)
    assert job["error_code"] == "encrypted" and "does not open it" in job["error"]
    assert not [p for p in house.audio_files() if p.name.startswith("CA")]
    give_key(house, keys[0])
    assert house.wait_file(call).body == tone_wav(2)
    assert [p.name for p in house.audio_files()] == [f"{call.sid}.wav"]


@pytest.mark.parametrize("damage", ["first", "middle", "tag", "cut"])
def test_damaged_ones_store_nothing(house, keys, damage):
    """One flipped bit anywhere: the file never gets its name, not even for a moment."""
    give_key(house, keys[0])
    call, recording = sealed_call(house, keys)
    data = bytearray(recording.media["wav"])
    if damage == "cut":
        del data[-1]
    else:
        data[{"first": 0, "middle": len(data) // 2, "tag": len(data) - 1}[damage]] ^= 1
    recording.media["wav"] = bytes(data)
    house.announce(call, recording)
    job = wait_until("the end", lambda: next(
        (j for j in house.jobs(call) if j["stage"] == "fetch" and j["state"] == "dead"), None), 40)
    assert job["error_code"] == "bad_media" and "tag does not fit" in job["error"]
    assert house.audio_files() == []


def test_the_accounts_key_for_all(make_house, keys):
    house = make_house(recording_key=str(keys[0]))
    call, recording = sealed_call(house, keys)
    house.announce(call, recording)
    assert house.wait_file(call).body == tone_wav(2)


def test_encrypted_in_a_bucket(make_house, keys):
    with MediaStore() as bucket:
        house = make_house(recording_key=str(keys[0]), media_hosts=[f"127.0.0.1:{bucket.port}"])
        call, recording = sealed_call(house, keys)
        recording.move_to(bucket)
        house.announce(call, recording)
        assert house.wait_file(call).body == tone_wav(2)
        assert bucket.credentials == []


def test_files_that_are_no_keys(house, keys, tmp_path):
    text, public, missing = tmp_path / "text.pem", keys[1], tmp_path / "missing.pem"
    text.write_text("no key")
    for path in (text, public, missing):
        done = give_key(house, path, check=False)
        assert done.returncode != 0 and "private key" in done.stderr, path
