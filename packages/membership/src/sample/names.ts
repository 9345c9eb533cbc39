/** A name as the club writes it, and how its owner spells it in an e-mail address. */
export interface SpelledName {
  readonly text: string;
  readonly ascii: string;
}

export interface NameGroup {
  readonly script: string;
  /** How many of 100 households. */
  readonly share: number;
  readonly first: readonly SpelledName[];
  readonly last: readonly SpelledName[];
}

/** Letters that Unicode does not decompose into a base letter and an accent. */
const plain: Readonly<Record<string, string>> = { ß: "ss", ø: "o", ł: "l", đ: "d", ı: "i", æ: "ae", þ: "th", ð: "d" };

function spell(entry: string): SpelledName {
  const [text = "", spelled] = entry.split("|");
  const ascii =
    spelled ??
    text
      .toLowerCase()
      .replaceAll(/[ßøłđıæþð]/g, (letter) => plain[letter] ?? "")
      .normalize("NFD")
      .replaceAll(/[^a-z]/g, "");
  return { text, ascii };
}

function group(script: string, share: number, first: string, last: string): NameGroup {
  const names = (list: string) => list.split("; ").map(spell);
  return { script, share, first: names(first), last: names(last) };
}

/** Separated by "; "; a name that has no Latin letters carries its address spelling after "|". Shares add up to 100. */
export const nameGroups: readonly NameGroup[] = [
  group(
    "Latin",
    40,
    "Mary; James; Patricia; Robert; Linda; Michael; Barbara; David; Susan; Richard; Karen; Thomas; Nancy; Charles; Mary Ann; Daniel; Betty; Mark; Sandra; Paul; Ashley; Steven; Kimberly; Andrew; Donna; Kenneth; Michelle; Joshua; Carol; Anne-Marie; Al; Jo",
    "Smith; Johnson; Williams; Brown; Jones; Miller; Davis; Wilson; Anderson; Taylor; Moore; Jackson; Martin; Lee; Thompson; White; Harris; Clark; Lewis; Robinson; Walker; Young; Allen; King; Wright; Hill; Green; Adams; Baker; Smith-Jones; Fitzgerald-Hughes; Ng",
  ),
  group(
    "Latin",
    6,
    "Siobhán; Seán; Niamh; Patrick; Aoife; Liam; Róisín; Conor; Máire; Eoin",
    "O'Brien; O'Connor; O'Neill; McCarthy; MacDonald; Ó Súilleabháin; Ní Dhomhnaill; Fitzpatrick; O'Shaughnessy-Burke; D'Arcy",
  ),
  group(
    "Latin",
    14,
    "María; José; Lucía; Jesús; Sofía; Andrés; Inés; Ángel; Guadalupe; Raúl; María José; Íñigo; Begoña; João; Conceição",
    "García Márquez; Hernández; Núñez; López de la Cruz; Muñoz; Peña; Rodríguez; De la Fuente; Ibáñez Ortega; Gómez-Acebo; Ramírez; Gonçalves; Araújo; Guimarães",
  ),
  group(
    "Latin",
    6,
    "Élodie; Jean-Luc; Françoise; André; Zoé; Gaël; Chloé; Noël; Anaïs; Benoît; Amadou; Aïssatou",
    "Lefèvre; D'Aubigné; Château-Renault; Brûlé; L'Hôpital; Dupré; Désormeaux; N'Diaye; N'Guessan; Le Goff; Côté",
  ),
  group(
    "Latin",
    6,
    "Jürgen; Käthe; Björn; Åsa; Søren; Anneliese; Günther; Þóra; Håkon; Lærke; Maarten; Ilse",
    "Müller; Groß; von der Heide; Sjöström; Ørsted; Lindqvist; Weiß-Schröder; van den Berg; Jónsdóttir; Þórsson; 't Hooft; Jäger",
  ),
  group(
    "Latin",
    4,
    "Łukasz; Zofia; Jiří; Božena; Željko; Şebnem; Çağla; Oğuz; Ştefan; Ágnes; Kārlis; Živilė",
    "Wójcik; Dvořák; Šťastný; Kovačević; Yıldız; Öztürk; Ționescu; Szőke; Bērziņš; Žukauskienė; Brzęczyszczykiewicz",
  ),
  group(
    "Latin",
    4,
    "Nguyệt; Hồng; Đức; Tuấn; Chiamaka; Olúwaseun; Thảo; Kwame; Keola; Leilani",
    "Nguyễn; Trần; Đặng; Phạm; Okonkwo; Adébáyọ̀; Mensah; Kealohaʻula|kealohaula; Kamakawiwoʻole|kamakawiwoole",
  ),
  group(
    "Cyrillic",
    4,
    "Ольга|olga; Дмитрий|dmitry; Наталья|natalya; Андрій|andriy; Юлія|yulia; Фёдор|fyodor; Ђорђе|djordje",
    "Ковальчук|kovalchuk; Шевченко|shevchenko; Короленко|korolenko; Щербань|shcherban; Римских-Корсак|rimskikhkorsak; Ђоковић|djokovic",
  ),
  group(
    "Greek",
    2,
    "Ελένη|eleni; Γιώργος|giorgos; Κατερίνα|katerina; Νίκος|nikos; Δέσποινα|despina",
    "Παπαδοπούλου|papadopoulou; Οικονόμου|oikonomou; Αλεξίου|alexiou; Χατζηγεωργίου|hatzigeorgiou",
  ),
  group(
    "Arabic",
    3,
    "فاطمة|fatima; محمد|mohammed; ليلى|layla; عبد الرحمن|abdulrahman; نور|nour; یاسمین|yasmin",
    "الحسيني|alhusseini; خليل|khalil; بن يوسف|benyoussef; القرشي|alqurashi; رضایی|rezaei",
  ),
  group(
    "Hebrew",
    2,
    "נעמה|naama; יוסף|yosef; שירה|shira; אורי|uri; תמר|tamar",
    "כהן|cohen; בן־דוד|bendavid; מזרחי|mizrahi; שפירא|shapira; ז׳בוטינסקי|zhabotinsky",
  ),
  group(
    "Han",
    3,
    "秀英|xiuying; 伟|wei; 芳|fang; 建国|jianguo; 美玲|meiling; 怡君|yijun",
    "王|wang; 李|li; 張|zhang; 欧阳|ouyang; 陳|chen; 司马|sima",
  ),
  group(
    "Japanese",
    2,
    "さくら|sakura; 健太|kenta; 陽菜|hina; マリ|mari; 大輔|daisuke",
    "佐々木|sasaki; 髙橋|takahashi; 渡邉|watanabe; 𠮷田|yoshida; 長谷川|hasegawa",
  ),
  group(
    "Hangul",
    2,
    "지우|jiwoo; 민준|minjun; 서연|seoyeon; 영희|younghee; 동현|donghyun",
    "김|kim; 이|lee; 박|park; 남궁|namgung; 최|choi",
  ),
  group(
    "Devanagari",
    2,
    "अनीता|anita; राजेश|rajesh; श्रेया|shreya; विक्रम|vikram; लक्ष्मी|lakshmi",
    "शर्मा|sharma; पाटील|patil; श्रीवास्तव|shrivastava; त्रिपाठी|tripathi; क्षीरसागर|kshirsagar",
  ),
];
