from __future__ import annotations

from django.test import RequestFactory, SimpleTestCase, override_settings

from core import client


def resolve(peer: str, forwarded: str | None = None) -> str:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return client.address(RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer))


class AddressTests(SimpleTestCase):
    def test_believes_nobody_by_default(self) -> None:
        assert resolve("203.0.113.5", "198.51.100.1") == "203.0.113.5"

    @override_settings(TRUSTED_PROXIES=["10.0.0.0/8"])
    def test_reads_from_the_right_over_trusted_proxies(self) -> None:
        assert resolve("10.0.0.1", "1.1.1.1, 198.51.100.7, 10.2.2.2") == "198.51.100.7"

    @override_settings(TRUSTED_PROXIES=["10.0.0.0/8"])
    def test_ignores_a_header_from_an_untrusted_peer(self) -> None:
        assert resolve("203.0.113.5", "10.0.0.9") == "203.0.113.5"

    @override_settings(TRUSTED_PROXIES=["10.0.0.0/8"])
    def test_falls_back_to_the_peer_when_the_header_is_no_list_of_addresses(self) -> None:
        for nonsense in ("unknown", "1.2.3", "198.51.100.7, <script>", "a" * 5000):
            with self.assertLogs("core.client", level="WARNING"):
                assert resolve("10.0.0.1", nonsense) == "10.0.0.1"

    @override_settings(TRUSTED_PROXIES=["10.0.0.0/8"])
    def test_reads_ports_brackets_zones_and_mapped_addresses(self) -> None:
        assert resolve("10.0.0.1", "198.51.100.7:4711") == "198.51.100.7"
        assert resolve("10.0.0.1", "[2001:db8::7]:443") == "2001:db8::7"
        assert resolve("10.0.0.1", "fe80::1%eth0") == "fe80::1"
        assert resolve("::ffff:10.0.0.1", "198.51.100.7") == "198.51.100.7"

    @override_settings(TRUSTED_PROXIES=["10.0.0.0/8"])
    def test_takes_the_peer_when_every_hop_is_a_proxy(self) -> None:
        assert resolve("10.0.0.1", "10.0.0.3, 10.0.0.2") == "10.0.0.3"
        assert resolve("10.0.0.1", "") == "10.0.0.1"

    def test_answers_something_when_there_is_no_peer(self) -> None:
        assert resolve("") == client.UNKNOWN

    def test_counts_ipv6_by_its_64(self) -> None:
        assert client.network("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64"
        assert client.network("203.0.113.5") == "203.0.113.5"


class BrowserTests(SimpleTestCase):
    def test_names_common_browsers(self) -> None:
        agents = {
            "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0": (
                "Firefox on Linux"
            ),
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
            " Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0": "Edge on Windows",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
            " (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1": "Safari on iPhone",
            "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile"
            " Safari/537.36": "Chrome on Android",
            "": "Unknown browser",
            "x" * 100_000: "Unknown browser",
        }
        for agent, words in agents.items():
            request = RequestFactory().get("/", HTTP_USER_AGENT=agent)
            assert client.browser(request) == words
