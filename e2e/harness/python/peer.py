"""Fetches a torrent on 127.0.0.1 with libtorrent, then gives it: peer.py TORRENT FOLDER ENCRYPTION [HOST PORT]

ENCRYPTION is both, disabled or forced. Says on stdout its port, as JSON, once it has the torrent. For each line of
stdin it says when as many pieces are there as the line says, or everything. It ends when stdin does."""
import json
import sys

import libtorrent

POLICIES = {
    "both": {"out_enc_policy": 1, "in_enc_policy": 1, "allowed_enc_level": 3},
    "disabled": {"out_enc_policy": 2, "in_enc_policy": 2, "allowed_enc_level": 1},
    "forced": {"out_enc_policy": 0, "in_enc_policy": 0, "allowed_enc_level": 2},
}
SETTINGS = {
    "listen_interfaces": "127.0.0.1:0",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    # Who was lost on a busy machine is dialled again two minutes later otherwise.
    "min_reconnect_time": 1,
    "allow_multiple_connections_per_ip": True,
    "alert_mask": libtorrent.alert.category_t.status_notification
    | libtorrent.alert.category_t.storage_notification,
}


def wait_until(session, condition):
    while not condition():
        session.wait_for_alert(100)
        session.pop_alerts()


def flush(session, handle):
    """A piece is there for libtorrent before its bytes are in the files."""
    handle.flush_cache()
    while True:
        session.wait_for_alert(100)
        if any(isinstance(alert, libtorrent.cache_flushed_alert) for alert in session.pop_alerts()):
            return


def main():
    torrent_path, folder, encryption = sys.argv[1:4]
    session = libtorrent.session({**SETTINGS, **POLICIES[encryption]})
    parameters = libtorrent.add_torrent_params()
    parameters.ti = libtorrent.torrent_info(torrent_path)
    parameters.save_path = folder
    parameters.flags &= ~libtorrent.torrent_flags.auto_managed
    parameters.flags &= ~libtorrent.torrent_flags.paused
    handle = session.add_torrent(parameters)
    running = (libtorrent.torrent_status.downloading, libtorrent.torrent_status.seeding)
    wait_until(session, lambda: handle.status().state in running)
    if sys.argv[4:]:
        handle.connect_peer((sys.argv[4], int(sys.argv[5])))
    print(json.dumps({"port": session.listen_port()}), flush=True)
    for line in sys.stdin:
        wanted = int(line) if line.strip().isdigit() else parameters.ti.num_pieces()
        wait_until(session, lambda: handle.status().is_seeding or handle.status().num_pieces >= wanted)
        flush(session, handle)
        print(json.dumps({"complete": True}), flush=True)


main()
