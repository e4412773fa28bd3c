"""Makes a .torrent with libtorrent: make_torrent.py CONTENT PIECE_BYTES TORRENT v1|padded|v2|hybrid"""
import os
import sys

from libtorrent import add_files, bencode, create_torrent, file_storage, set_piece_hashes

content, piece_bytes, torrent_path, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
padded = create_torrent.v1_only | create_torrent.canonical_files
kinds = {"v1": create_torrent.v1_only, "padded": padded, "v2": create_torrent.v2_only, "hybrid": 0}
files = file_storage()
add_files(files, content, flags=create_torrent.symlinks)
torrent = create_torrent(files, piece_bytes, kinds[kind] | create_torrent.symlinks)
set_piece_hashes(torrent, os.path.dirname(content))
with open(torrent_path, "wb") as output:
    output.write(bencode(torrent.generate()))
