/**
 * The tables that administrators make for Salt's PostgreSQL returners, as Salt's documentation has
 * them.
 * @module
 */

const EVENTS = (data: string) => `
  CREATE SEQUENCE seq_salt_events_id;
  CREATE TABLE salt_events (
    id BIGINT NOT NULL UNIQUE DEFAULT nextval('seq_salt_events_id'),
    tag varchar(255) NOT NULL,
    data ${data} NOT NULL,
    alter_time TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    master_id varchar(255) NOT NULL);`;

/** For `pgjsonb`. (`salt/returners/pgjsonb.py`) */
export const pgjsonbTables = `
  CREATE TABLE jids (jid varchar(255) NOT NULL primary key, load jsonb NOT NULL);
  CREATE TABLE salt_returns (
    fun varchar(50) NOT NULL,
    jid varchar(255) NOT NULL,
    return jsonb NOT NULL,
    id varchar(255) NOT NULL,
    success varchar(10) NOT NULL,
    full_ret jsonb NOT NULL,
    alter_time TIMESTAMP WITH TIME ZONE DEFAULT NOW());
  ${EVENTS("jsonb")}`;

/** For `postgres`. (`salt/returners/postgres.py`) */
export const postgresTables = `
  CREATE TABLE jids (jid varchar(20) PRIMARY KEY, load text NOT NULL);
  CREATE TABLE salt_returns (
    fun varchar(50) NOT NULL,
    jid varchar(255) NOT NULL,
    return text NOT NULL,
    full_ret text,
    id varchar(255) NOT NULL,
    success varchar(10) NOT NULL,
    alter_time TIMESTAMP WITH TIME ZONE DEFAULT now());
  ${EVENTS("text")}`;
