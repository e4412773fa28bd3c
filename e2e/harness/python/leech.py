"""Fetches a torrent with libtorrent's own disk storage on 127.0.0.1: leech.py TORRENT FOLDER PORT PIECES

Ends when it has as many PIECES, and prints which as JSON; whoever started it bounds the wait."""
import json
import sys

import libtorrent

SETTINGS = {
    "listen_interfaces": "127.0.0.1:0",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "allow_multiple_connections_per_ip": True,
    "alert_mask": libtorrent.alert.category_t.all_categories,
}


def main():
    torrent_path, folder, port, pieces = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    session = libtorrent.session(SETTINGS)
    parameters = libtorrent.add_torrent_params()
    parameters.ti = libtorrent.torrent_info(torrent_path)
    parameters.save_path = folder
    parameters.flags &= ~libtorrent.torrent_flags.auto_managed
    parameters.flags &= ~libtorrent.torrent_flags.paused
    handle = session.add_torrent(parameters)
    handle.connect_peer(("127.0.0.1", port))
    while handle.status().num_pieces < pieces:
        session.wait_for_alert(100)
        session.pop_alerts()
    # Removing it closes its files: whoever reads them finds every byte.
    have = [piece for piece, had in enumerate(handle.status().pieces) if had]
    session.remove_torrent(handle)
    while not any(isinstance(alert, libtorrent.torrent_removed_alert) for alert in session.pop_alerts()):
        session.wait_for_alert(100)
    print(json.dumps({"pieces": have}), flush=True)


main()
