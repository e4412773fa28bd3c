"""Seeds torrents with libtorrent: seed.py HOST RATE_BYTES_PER_SECOND [TORRENT FOLDER]...

HOST is an address of this machine. A rate of 0 is no limit. Answers on stdout, one JSON object a line: the port first, then what each line
of stdin asks for. It ends when stdin does."""
import json
import sys

import libtorrent

# libtorrent's own are too low for a hybrid torrent of 100,000 files.
LIMITS = {"max_buffer_size": 64 * 1024 * 1024, "max_decode_tokens": 10_000_000}
SETTINGS = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "allow_multiple_connections_per_ip": True,
    "unchoke_slots_limit": -1,
    "send_buffer_watermark": 3 * 1024 * 1024,
    "max_metadata_size": 64 * 1024 * 1024,
    "alert_mask": 0,
}


def add(session, torrent_path, folder, rate):
    parameters = libtorrent.add_torrent_params()
    parameters.ti = libtorrent.torrent_info(torrent_path, LIMITS)
    parameters.save_path = folder
    parameters.flags |= libtorrent.torrent_flags.seed_mode
    # It would hash each piece before it gives it away for the first time.
    parameters.verified_pieces = [True] * parameters.ti.num_pieces()
    parameters.flags &= ~libtorrent.torrent_flags.auto_managed
    parameters.flags &= ~libtorrent.torrent_flags.paused
    handle = session.add_torrent(parameters)
    if rate > 0:
        handle.set_upload_limit(rate)
    return handle


def wait_until_ready(session, handles):
    """Until it knows what it has it hangs up on whoever comes, who then comes again a minute later."""
    starting = libtorrent.torrent_status.checking_resume_data
    while any(handle.status().state == starting for handle in handles):
        session.wait_for_alert(10)
        session.pop_alerts()


def answer(value):
    print(json.dumps(value), flush=True)


def given_pieces(session):
    """Pieces of which blocks were given since the last call, by info hash. The first call begins to count."""
    session.apply_settings({
        "alert_mask": libtorrent.alert.category_t.upload_notification,
        "alert_queue_size": 1_000_000,
    })
    pieces = {}
    for alert in session.pop_alerts():
        if isinstance(alert, libtorrent.block_uploaded_alert):
            pieces.setdefault(str(alert.handle.info_hash()), set()).add(alert.piece_index)
    return {info_hash: sorted(indices) for info_hash, indices in pieces.items()}


def main():
    host, rate = sys.argv[1], int(sys.argv[2])
    pairs = list(zip(sys.argv[3::2], sys.argv[4::2]))
    session = libtorrent.session({**SETTINGS, "listen_interfaces": host + ":0"})
    handles = [add(session, torrent, folder, rate) for torrent, folder in pairs]
    wait_until_ready(session, handles)
    answer({"port": session.listen_port()})
    for line in sys.stdin:
        words = line.split()
        if words[0] == "rate":
            for handle in handles:
                handle.set_upload_limit(int(words[1]))
        if words[0] == "pieces":
            answer(given_pieces(session))
            continue
        statuses = [handle.status() for handle in handles]
        answer({
            "uploadedBytes": sum(status.total_payload_upload for status in statuses),
            "peers": sum(status.num_peers for status in statuses),
        })


main()
