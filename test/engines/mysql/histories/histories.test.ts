import { mysqlHistoriesSuite } from "./histories-suite.ts";

mysqlHistoriesSuite(50);
