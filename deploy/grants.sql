-- What the roles of production may do; applied by deploy/apply_grants.py after each migration, as ztportal_owner.
-- It may be repeated. The owner of the tables is not bound by it: keep that role for migrations.

GRANT USAGE ON SCHEMA public TO ztportal_app, ztportal_notary;

-- The portal reads and writes rows, and cannot change a table.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ztportal_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO ztportal_app;
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM ztportal_app;

-- The audit log grows. Entries and inner nodes stay as they are, a head only moves on, details can be erased but the row
-- stays, and only the notary adds checkpoints. Triggers refuse the same once more.
REVOKE UPDATE, DELETE ON audit_entry, audit_node FROM ztportal_app;
REVOKE DELETE ON audit_head, audit_details FROM ztportal_app;
REVOKE INSERT, UPDATE, DELETE ON audit_checkpoint FROM ztportal_app;

-- The notary reads the log, signs it and says what it found. It cannot write entries.
GRANT SELECT ON audit_head, audit_entry, audit_node, audit_details, audit_checkpoint, audit_verification, django_migrations
  TO ztportal_notary;
GRANT INSERT ON audit_checkpoint TO ztportal_notary;
GRANT INSERT, UPDATE ON audit_verification TO ztportal_notary;
GRANT USAGE, SELECT ON SEQUENCE audit_checkpoint_id_seq TO ztportal_notary;
