-- A credential of a system may be for one of the two Device CSR web services; it is then for that one and for nothing
-- else (SEC Appendix M 2.4, 2.5).
alter table iki_credential add column web_service text check (web_service in ('ad-hoc', 'batched'));
alter table iki_credential add check (web_service is null or (system_name is not null and subscriber_for = 'device'));
