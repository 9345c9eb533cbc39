/** A small target: an enum, a foreign key, an identity column, and a view over the audit trail. */
export const shop = `
CREATE TYPE public.state AS ENUM ('open', 'paid');
CREATE TABLE public.customer (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE public.orders (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer integer NOT NULL REFERENCES public.customer, state public.state DEFAULT 'open');
CREATE VIEW public.trail AS SELECT action FROM public."AuditLog";
CREATE TABLE public."WaSyncState" (id integer PRIMARY KEY, "lastFullSync" timestamptz, "lastIncSync" timestamptz);
INSERT INTO public.customer SELECT i, 'customer ' || i FROM generate_series(1, 50) i;
INSERT INTO public.orders (customer) SELECT i FROM generate_series(1, 50) i;
INSERT INTO public."WaSyncState" VALUES (1, now(), now());`;
