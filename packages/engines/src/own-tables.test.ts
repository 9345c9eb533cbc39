import { sha256 } from "@runback/core";
import { expect, test } from "vitest";
import { changeHash } from "./mysql/apply-own-tables.ts";
import { ownChanges as mysql } from "./mysql/own-tables.ts";
import { ownChanges as postgres } from "./postgres/own-tables.ts";
import { ownChanges as sqlite } from "./sqlite/own-tables.ts";

/** As ledgers of targets have them: a line is added with every change, and none is ever edited. */
const released = {
  postgres: [
    ["runs and leases", "ea777fd79c453152719f0f7c801d0063d3f773b0652c1174931a80ed703cd480"],
    ["journal", "ce7f235b03ba76f2442e9c8105405b324ab94da6f2ebea094e9d8d415b387bf7"],
    ["capture functions", "aa573e9ec640ed957628c5454edef4e4637fa02e4e94fc2538014d68e3fe8275"],
    ["audit trail", "cc9abb6115d0158e2f503207a7d0061bb15911a42b28ecefbb550ebbc987e4bd"],
    ["api", "3fb89c1f5cf36e68862d4e6bff4de9f2119e2d9f1eb3da75f446ceb3604e18ed"],
    ["alerts", "d5ca71eeaed094458580ca9ac5b821745721d5d73968e2965337e8a05033e565"],
    ["write freeze", "3ac3ac11f77da7dad631fac73de44f8978d72896a697f1ffb23ecae213a419c0"],
    ["cutovers", "e6c4658a51adff1657e11d7040012d5cb484543291d261055c391f95a85dff81"],
    ["metrics of cutovers", "bd473f720a19d82616419d37f496f75a6eff2d36152e10e7cee73eaf8ad7bcc2"],
  ],
  mysql: [
    ["runs and leases", "4f25b1676f31f8d7b667100be34b7a74e39f6ea3a19972777e2741225302c2b0"],
    ["journal", "7740261581fb47cffba3ccaa5687646b6e7546872dcb1291257724398659faad"],
    ["audit trail", "3689a4ec5c73ccd9778c1a10b06b2824d6f4fde97de7b2813ce4d396a886990b"],
    ["api", "406863ae9404af35927d187a312cfb248fc60b841ed8ec5e0341df8c5b97af69"],
    ["alerts", "cf3c709c3812a8fcdee0594661a17d1eafbde25afec8e020f08dff9bec9583ab"],
    ["restores", "dbd05e673a9bfe73cfef0022fbad897985ccf0f743e70ae87d02c125f156c451"],
    ["cutovers", "188e9b7a495be605cf1fd6d123e1944868993ea7e253967649977db55e7d368c"],
    ["tables of changed values", "e13085849a358f6ebef97f2a72b4c15fc5b271752583e6b031c6e75e6929c05f"],
    ["metrics of cutovers", "c960bfa5846385eccfb2e46d2aa63485cbbf89a8d13119924f5fa462359baab8"],
  ],
  sqlite: [
    ["runs and leases", "60a4a7ec2ab51c0e32fb77f1e636c45676aa5aefc36b8c1952a01ac0f6b33a61"],
    ["journal", "24d09dac11bc2ba9302e1c415aad9f638191c4837833fc9b804b5cebdfb56860"],
    ["audit trail", "3850381807f2a33917a80a69d4db15bc5694e2e17d9eba7b4e1a65ef603ded59"],
    ["api", "9de1bb7c3392985836a3dbaae1eb92086a297496452ec92d995e502bb592a621"],
    ["alerts", "90f93e3aa7ce6f3c4ebf4b3427ed9c63d0842dbfa64d165bcd5c4da4905adc4e"],
    ["cutovers", "857bcddd48cbbc3cd8239b619180ba6ad587824acb36702825037bfdf0a07108"],
    ["images of one column", "fb951005a1b43e295364592fbcf8a4239e6e2ad26aafe8f55bd03c1a712f74d7"],
    ["metrics of cutovers", "472858253225b26cb8065cf55d565880b7503b42dbacc4da4f94a3b09e238544"],
  ],
} as const;

const made = {
  postgres: postgres.map(({ version, name, sql }) => ({ version, entry: [name, sha256(sql)] })),
  mysql: mysql.map((change) => ({ version: change.version, entry: [change.name, changeHash(change)] })),
  sqlite: sqlite.map(({ version, name, sql }) => ({ version, entry: [name, sha256(sql)] })),
};

test.each(["postgres", "mysql", "sqlite"] as const)(
  "the changes of own tables on %s are those in the ledgers, to the byte",
  (engine) => {
    expect(made[engine].map(({ entry }) => entry)).toEqual(released[engine]);
    expect(made[engine].map(({ version }) => version)).toEqual(released[engine].map((_, at) => at + 1));
  },
);
