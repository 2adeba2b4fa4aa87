-- Views for people and reports. Programs use the library: the fields of a body may change.
-- Times are RFC 3339 in UTC. A range of keys ends at '0', the character after '/'.

DROP VIEW IF EXISTS connector_groups;
CREATE VIEW connector_groups AS SELECT
    it.body ->> 'id' AS id,
    it.body ->> 'name' AS name,
    strftime('%Y-%m-%dT%H:%M:%fZ', (it.body ->> 'created_at') / 1000.0, 'unixepoch') AS created_at,
    (SELECT users.used FROM records AS users
        WHERE users.key = CAST('group-users/' || (it.body ->> 'id') AS BLOB)) AS keys
FROM (
    SELECT CAST(body AS TEXT) AS body FROM records
    WHERE key >= CAST('group/' AS BLOB) AND key < CAST('group0' AS BLOB)
) AS it;

DROP VIEW IF EXISTS enrollment_certificates;
CREATE VIEW enrollment_certificates AS SELECT
    it.body ->> 'id' AS id,
    it.body ->> 'name' AS name,
    strftime('%Y-%m-%dT%H:%M:%fZ', (it.body ->> 'created_at') / 1000.0, 'unixepoch') AS created_at,
    it.body ->> 'leaf_validity_seconds' AS leaf_validity_seconds,
    it.body ->> 'certificate' AS certificate_base64,
    (SELECT users.used FROM records AS users
        WHERE users.key = CAST('certificate-users/' || (it.body ->> 'id') AS BLOB)) AS keys
FROM (
    SELECT CAST(body AS TEXT) AS body FROM records
    WHERE key >= CAST('certificate/' AS BLOB) AND key < CAST('certificate0' AS BLOB)
) AS it;

DROP VIEW IF EXISTS enrollments;
CREATE VIEW enrollments AS SELECT
    it.body ->> 'connector' AS connector,
    it.body ->> 'key' AS key,
    it.body ->> 'group' AS group_id,
    (SELECT CAST(named.body AS TEXT) ->> 'name' FROM records AS named
        WHERE named.key = CAST('group/' || (it.body ->> 'group') AS BLOB)) AS group_name,
    it.body ->> 'certificate' AS certificate_id,
    (SELECT CAST(named.body AS TEXT) ->> 'name' FROM records AS named
        WHERE named.key = CAST('certificate/' || (it.body ->> 'certificate') AS BLOB)) AS certificate_name,
    strftime('%Y-%m-%dT%H:%M:%fZ', (it.body ->> 'enrolled_at') / 1000.0, 'unixepoch') AS enrolled_at,
    it.body ->> 'address' AS address,
    it.body ->> 'fingerprint' AS fingerprint,
    it.body ->> 'serial' AS serial,
    strftime('%Y-%m-%dT%H:%M:%fZ', (it.body ->> 'not_before') / 1000.0, 'unixepoch') AS not_before,
    strftime('%Y-%m-%dT%H:%M:%fZ', (it.body ->> 'not_after') / 1000.0, 'unixepoch') AS not_after,
    strftime('%Y-%m-%dT%H:%M:%fZ', (it.body ->> 'revoked_at') / 1000.0, 'unixepoch') AS revoked_at,
    coalesce((SELECT CAST(replays.body AS TEXT) ->> 'count' FROM records AS replays
        WHERE replays.key = CAST('replays/' || (it.body ->> 'connector') AS BLOB)), 0) AS replays
FROM (
    SELECT CAST(body AS TEXT) AS body FROM records
    WHERE key >= CAST('enrollment/' AS BLOB) AND key < CAST('enrollment0' AS BLOB)
) AS it
-- The records without this field are public keys that a connector renewed with.
WHERE it.body ->> 'connector' IS NOT NULL;

DROP VIEW IF EXISTS audit;
CREATE VIEW audit AS SELECT
    strftime('%Y-%m-%dT%H:%M:%fZ', (it.body ->> 'at') / 1000.0, 'unixepoch') AS at,
    it.body ->> 'action' AS action,
    it.body ->> 'actor' AS actor,
    it.body ->> 'key' AS key,
    it.body ->> 'group' AS group_id,
    it.body ->> 'certificate' AS certificate_id,
    it.body ->> 'connector' AS connector,
    it.body ->> 'address' AS address,
    it.body ->> 'code' AS code,
    it.body ->> 'count' AS count,
    it.body ->> 'details' AS details,
    it.body ->> 'admin_token' AS admin_token,
    strftime('%Y-%m-%dT%H:%M:%fZ', (it.body ->> 'last_at') / 1000.0, 'unixepoch') AS last_at
FROM (
    SELECT CAST(body AS TEXT) AS body FROM records
    WHERE key >= CAST('audit/' AS BLOB) AND key < CAST('audit0' AS BLOB)
) AS it;

DROP VIEW IF EXISTS provisioning_keys;
CREATE VIEW provisioning_keys AS SELECT
    it.body ->> 'id' AS id,
    it.body ->> 'name' AS name,
    it.body ->> 'host' AS host,
    it.body ->> 'group' AS group_id,
    (SELECT CAST(named.body AS TEXT) ->> 'name' FROM records AS named
        WHERE named.key = CAST('group/' || (it.body ->> 'group') AS BLOB)) AS group_name,
    it.body ->> 'certificate' AS certificate_id,
    (SELECT CAST(named.body AS TEXT) ->> 'name' FROM records AS named
        WHERE named.key = CAST('certificate/' || (it.body ->> 'certificate') AS BLOB)) AS certificate_name,
    strftime('%Y-%m-%dT%H:%M:%fZ', (it.body ->> 'created_at') / 1000.0, 'unixepoch') AS created_at,
    uses.used_max AS max_uses,
    uses.used AS used,
    strftime('%Y-%m-%dT%H:%M:%fZ', (uses.last_at_ms) / 1000.0, 'unixepoch') AS last_used_at,
    it.body ->> 'enabled' AS enabled,
    it.body ->> 'proof_only' AS proof_only,
    strftime('%Y-%m-%dT%H:%M:%fZ', (it.body ->> 'expires_at') / 1000.0, 'unixepoch') AS expires_at,
    it.body ->> 'allowed_addresses' AS allowed_addresses,
    CASE
        WHEN it.body ->> 'compromised_at' IS NOT NULL THEN 'compromised'
        WHEN NOT it.body ->> 'enabled' THEN 'disabled'
        WHEN it.body ->> 'expires_at' <= unixepoch() * 1000 THEN 'expired'
        WHEN uses.used >= uses.used_max THEN 'exhausted'
        ELSE 'usable'
    END AS state,
    strftime('%Y-%m-%dT%H:%M:%fZ', (it.body ->> 'compromised_at') / 1000.0, 'unixepoch') AS compromised_at
FROM (
    SELECT CAST(body AS TEXT) AS body FROM records
    WHERE key >= CAST('key/' AS BLOB) AND key < CAST('key0' AS BLOB)
) AS it
LEFT JOIN records AS uses ON uses.key = CAST('key-uses/' || (it.body ->> 'id') AS BLOB);
