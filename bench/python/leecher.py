"""libtorrent's own python client with one torrent: leecher.py SETTINGS TORRENT FOLDER [HOST:PORT]...

SETTINGS: of libtorrent, as JSON, the alert mask with them. What lies in FOLDER already is checked, not fetched. A line of JSON
says its address, one that all is there; then it gives away until stdin ends or says so."""
import json
import sys

import libtorrent

settings, torrent_path, folder = sys.argv[1:4]
session = libtorrent.session(json.loads(settings))
parameters = libtorrent.add_torrent_params()
parameters.ti = libtorrent.torrent_info(torrent_path)
parameters.save_path = folder
parameters.flags &= ~libtorrent.torrent_flags.auto_managed
parameters.flags &= ~libtorrent.torrent_flags.paused
handle = session.add_torrent(parameters)
print(json.dumps({"address": "127.0.0.1:%d" % session.listen_port()}), flush=True)
for address in sys.argv[4:]:
    host, port = address.rsplit(":", 1)
    handle.connect_peer((host, int(port)))
finished = False
while not finished:
    session.wait_for_alert(10000)
    for alert in session.pop_alerts():
        if isinstance(alert, libtorrent.torrent_error_alert):
            sys.exit(alert.message())
        finished = finished or isinstance(alert, libtorrent.torrent_finished_alert)
print(json.dumps({"complete": True}), flush=True)
for line in sys.stdin:
    if line.strip() == "end":
        break
