export const key = (length: number) => `varchar(${length}) CHARACTER SET ascii COLLATE ascii_bin`;
export const hash = "varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
export const text = "text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
export const name = "varchar(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
/** A document of Runback's own: text, so that it comes back in the order it was written in. */
export const document = "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
/** An image or a key in its exact form: hexadecimal and digits. */
export const image = "longtext CHARACTER SET ascii COLLATE ascii_bin";
export const table = "ENGINE = InnoDB ROW_FORMAT = DYNAMIC";
