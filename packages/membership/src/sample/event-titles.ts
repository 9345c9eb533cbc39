/** What a club does again and again: the title, when it starts and how long it lasts. */
export interface EventKind {
  /** `{year}` becomes the year of the event. */
  readonly title: string;
  /** Local hour, 6 to 20. */
  readonly hour: number;
  /** Minutes; 0 for events that are entered without an end. */
  readonly minutes: number;
  /** Nights away: the end is 11:00 so many days later. */
  readonly nights?: number;
  /** The months it takes place in; all when absent. */
  readonly months?: readonly number[];
  readonly tags: string;
}

const kind = (
  title: string,
  hour: number,
  minutes: number,
  tags: string,
  when: Pick<EventKind, "nights" | "months"> = {},
): EventKind => ({ title, hour, minutes, tags, ...when });

/** Taken on the two days before clocks change, so that some events last over the change. */
export const overnightKinds: readonly EventKind[] = [
  kind("Camping weekend, Lake Cachuma", 16, 0, "outdoors, overnight", { nights: 2 }),
  kind('"Leave the phone at home" retreat', 17, 0, "overnight", { nights: 2 }),
];

/** No two titles are equal without letter case: the same day never has one twice. */
export const eventKinds: readonly EventKind[] = [
  kind("Newcomers' Coffee", 10, 90, "social, newcomers"),
  kind("Newcomers' Orientation", 18, 90, "newcomers"),
  kind("Book Club", 19, 120, "books"),
  kind("Book Club: “Middlemarch”, part two", 19, 120, "books"),
  kind('Hike: "The Crags", moderate', 8, 240, "outdoors, hiking"),
  kind("Hike: Inspiration Point", 9, 210, "outdoors, hiking"),
  kind("Sunrise Walk on the Beach", 6, 75, "outdoors", { months: [4, 5, 6, 7, 8, 9] }),
  kind("Beginners' Bridge", 13, 150, "games"),
  kind("Duplicate Bridge, Pairs", 13, 210, "games"),
  kind("Mah Jongg 麻將", 13, 180, "games, culture"),
  kind("Wine Tasting, Santa Ynez", 14, 180, "social, wine"),
  kind("Wine & Cheese at Sunset", 17, 150, "social, wine"),
  kind("Potluck Supper", 18, 180, "social, food"),
  kind("Día de los Muertos Supper", 18, 180, "culture, food", { months: [10, 11] }),
  kind("Lunar New Year Dinner 春节", 18, 180, "culture, food", { months: [1, 2] }),
  kind("Diwali Evening दीवाली", 18, 180, "culture", { months: [10, 11] }),
  kind("Nowruz Lunch نوروز", 12, 150, "culture, food", { months: [3] }),
  kind("Greek Easter Roast, Χριστός Ανέστη", 12, 240, "culture, food", { months: [4, 5] }),
  kind("Café philo", 17, 90, "culture"),
  kind("French Conversation: À table !", 11, 60, "languages"),
  kind("Español para principiantes", 10, 60, "languages"),
  kind("Garden Tour", 10, 120, "outdoors"),
  kind("Whale Watching", 9, 240, "outdoors", { months: [1, 2, 3, 4] }),
  kind("Bike Ride to Carpinteria, 24 miles", 8, 210, "outdoors, cycling"),
  kind("Kayaking for Beginners", 9, 150, "outdoors"),
  kind("Pickleball, Round Robin", 9, 120, "sports"),
  kind("Tennis Social", 10, 120, "sports"),
  kind("Golf: Nine Holes, Shotgun Start", 8, 180, "sports"),
  kind("Bocce & Brunch", 10, 150, "sports, food"),
  kind("Yoga in the Park", 8, 60, "wellness"),
  kind("Photography Walk", 15, 120, "arts"),
  kind("Watercolor Workshop", 13, 180, "arts"),
  kind("Museum Tour: Impressionists, Then and Now", 11, 120, "arts"),
  kind("Chamber Music, Strings and Winds", 19, 120, "arts, music"),
  kind("Sing-Along at the Piano", 19, 120, "music"),
  kind("Movie Night: “Amélie”", 19, 150, "arts"),
  kind("Investment Group", 16, 90, "money"),
  kind("Tech Help, Bring Your Phone", 14, 90, "learning"),
  kind("Cooking Class: Dumplings (餃子), Vegetarian", 17, 150, "food"),
  kind("Dining Out in Small Groups", 18, 150, "food, social"),
  kind("Volunteer Morning at the Food Bank", 8, 180, "service"),
  kind("Beach Clean-Up", 9, 120, "service, outdoors"),
  kind("Board Meeting", 17, 120, ""),
  kind("General Meeting & Luncheon", 11, 150, "governance"),
  kind("Activity Leaders' Round Table", 16, 90, "governance"),
  kind("Annual Gala {year}", 18, 300, "social, gala", { months: [9, 10] }),
  kind("Holiday Party {year}", 18, 240, "social", { months: [12] }),
  kind("Summer Picnic {year}: Games, Prizes, Pie", 12, 240, "social, family", { months: [6, 7, 8] }),
  kind("Trip to Catalina", 7, 0, "travel, overnight", { nights: 1 }),
  kind("Alumni Reunion", 17, 180, "alumni, social"),
  kind("TBD Tuesday: Surprise Outing", 12, 180, "social"),
];

export const locations: readonly string[] = [
  "Community Hall",
  "Community Hall, 12 Main Street, Santa Bárbara, CA 93101",
  "Library, Meeting Room 2",
  "Café Zoë",
  "Lot 5, East Beach",
  'The "Old Mill" Tavern',
  "Members' homes (address sent after registration)",
  "Tucker's Grove Park, Area 3",
  "Online",
  "",
];

/** Longer texts as people paste them: commas, quotation marks, several lines with either line ending. */
export const descriptions: readonly string[] = [
  "",
  "Open to all members.",
  "Bring water, a hat, and sturdy shoes.",
  'Please RSVP early: "first come, first served".',
  "Meet at the trailhead.\r\nCarpool from the east lot at 7:30.\r\n\r\nRain cancels.",
  'What to bring:\n- a dish for 8, labelled\n- your own "place setting"\n- a story',
  "Cost: $25, payable at the door; checks to the club, please.",
  "<p>Our <b>best-loved</b> event, back again.</p>\n<p>Questions? Ask the host.</p>",
  "Hosts: Zoë & José. Vegetarian, vegan, gluten-free: tell us a week ahead.",
  "Parking is limited, so walk, bike or share a ride 🚲.",
];
