SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE SCHEMA bae_dump;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE bae_dump.import (
    id uuid NOT NULL,
    info_hash_v1 bytea,
    info_hash_v2 bytea,
    state text NOT NULL,
    added_at_ms bigint NOT NULL,
    completed_at_ms bigint,
    transfer_seconds double precision,
    details json NOT NULL,
    torrent_file bytea,
    due_at_ms bigint,
    owner uuid,
    token bigint DEFAULT 0 NOT NULL,
    wish text
);

CREATE TABLE bae_dump.import_event (
    seq bigint NOT NULL,
    key uuid NOT NULL,
    at_ms bigint NOT NULL,
    import_id uuid NOT NULL,
    from_state text,
    to_state text NOT NULL,
    reason json NOT NULL
);

CREATE TABLE bae_dump.import_event_head (
    seq bigint NOT NULL
);

CREATE TABLE bae_dump.import_migration (
    id integer NOT NULL,
    "timestamp" bigint NOT NULL,
    name character varying NOT NULL
);

CREATE SEQUENCE bae_dump.import_migration_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE bae_dump.import_migration_id_seq OWNED BY bae_dump.import_migration.id;

CREATE TABLE bae_dump.import_owner (
    id uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE SEQUENCE bae_dump.import_token
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER TABLE ONLY bae_dump.import_migration ALTER COLUMN id SET DEFAULT nextval('bae_dump.import_migration_id_seq'::regclass);

INSERT INTO bae_dump.import VALUES
	('01a20000-0000-7000-8000-000000000002', '\x61523456c32bda85344adf9b5d86199100ce2c54', NULL, 'failed', 1795000000001, NULL, NULL, '{"magnetUri":"magnet:?xt=urn:btih:61523456c32bda85344adf9b5d86199100ce2c54","error":{"code":"STORAGE_NO_SPACE","message":"the disk is full"}}', NULL, NULL, NULL, 0, NULL),
	('01a20000-0000-7000-8000-000000000001', '\x28d4098e1d2f03c1d785eb44fd72e9c386da2085', '\x2b1027bb7b906019c185c2b9f20c1378e79f519e063864f16eb37ea4aad39fae', 'completed', 1795000000000, 1795000060000, 59.5, '{"name":"a song café 音楽\u0000.wav"}', '\x6400ff65', 0, NULL, 0, NULL);

INSERT INTO bae_dump.import_event_head VALUES
	(0);

INSERT INTO bae_dump.import_migration VALUES
	(1, 1795348800000, 'CreateImports1795348800000'),
	(2, 1795608000000, 'ClaimOwners1795608000000'),
	(3, 1795665600000, 'Leases1795665600000');

SELECT pg_catalog.setval('bae_dump.import_migration_id_seq', 3, true);

SELECT pg_catalog.setval('bae_dump.import_token', 1, false);

ALTER TABLE ONLY bae_dump.import_migration
    ADD CONSTRAINT "PK_bab2090ef58c7b60b80c00c5a0d" PRIMARY KEY (id);

ALTER TABLE ONLY bae_dump.import_event
    ADD CONSTRAINT import_event_key_key UNIQUE (key);

ALTER TABLE ONLY bae_dump.import_event
    ADD CONSTRAINT import_event_pkey PRIMARY KEY (seq);

ALTER TABLE ONLY bae_dump.import
    ADD CONSTRAINT import_info_hash_v1_key UNIQUE (info_hash_v1);

ALTER TABLE ONLY bae_dump.import
    ADD CONSTRAINT import_info_hash_v2_key UNIQUE (info_hash_v2);

ALTER TABLE ONLY bae_dump.import_owner
    ADD CONSTRAINT import_owner_pkey PRIMARY KEY (id);

ALTER TABLE ONLY bae_dump.import
    ADD CONSTRAINT import_pkey PRIMARY KEY (id);

CREATE INDEX import_due ON bae_dump.import USING btree (state, due_at_ms, added_at_ms);

