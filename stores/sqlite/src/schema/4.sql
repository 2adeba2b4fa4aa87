-- Keys that were compromised; which admin token acted, and when the last of several refusals was.
DROP VIEW audit;
DROP VIEW provisioning_keys;

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
