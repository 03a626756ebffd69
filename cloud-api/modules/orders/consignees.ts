/** Made-up people and real places, by destination: material for generated orders. */
export type Destination = {
  readonly country: string;
  readonly channelCode: string;
  /** Relative frequency. */
  readonly share: number;
  readonly names: readonly string[];
  readonly streets: readonly string[];
  /** City, state and postcode belong together; `#` in a postcode becomes a digit. */
  readonly places: readonly (readonly [city: string, state: string, postcode: string])[];
  readonly phone: string;
};

export const destinations: readonly Destination[] = [
  {
    country: "US",
    channelCode: "US-GROUND",
    share: 30,
    names: [
      "Olivia Bennett",
      "Marcus O'Neil",
      "Sofía Ramírez",
      "Jean-Luc Fontaine",
      "Aisha Washington",
      'Robert "Bob" Keller',
    ],
    streets: [
      "{n} Maple Ave",
      "{n} W 34th St, Apt {n}",
      "{n} Sunset Blvd",
      "PO Box {n}",
      "{n} County Road 9, Unit #{n}",
    ],
    places: [
      ["Boston", "MA", "0210#"],
      ["New York", "NY", "100##"],
      ["Atlanta", "GA", "303##"],
      ["Chicago", "IL", "606##"],
      ["Houston", "TX", "770##"],
      ["Los Angeles", "CA", "900##"],
      ["Seattle", "WA", "981##"],
    ],
    phone: "+1 5#5 555 01##",
  },
  {
    country: "DE",
    channelCode: "EU-POST",
    share: 14,
    names: ["Jürgen Müller", "Anneliese Weiß", "Björn Höfer", "Kaan Yıldırım"],
    streets: ["Hauptstraße {n}", "Am Bächle {n}a", "Königsallee {n}"],
    places: [
      ["Dresden", "", "010##"],
      ["München", "", "803##"],
      ["Köln", "", "506##"],
    ],
    phone: "+49 30 2312 5###",
  },
  {
    country: "FR",
    channelCode: "EU-POST",
    share: 9,
    names: ["Hélène Lefèvre", "François Noël", "Zoë Garçon"],
    streets: ["{n} rue de l'Église", "{n}, avenue des Champs-Élysées"],
    places: [
      ["Paris", "", "750##"],
      ["Bourg-en-Bresse", "", "010##"],
      ["Orléans", "", "450##"],
    ],
    phone: "+33 1 99 00 ## ##",
  },
  {
    country: "ES",
    channelCode: "EU-POST",
    share: 5,
    names: ["Íñigo Muñoz", "María del Mar Peña"],
    streets: ["Calle Mayor {n}, 2º B"],
    places: [
      ["Madrid", "", "280##"],
      ["A Coruña", "", "150##"],
    ],
    phone: "+34 600 000 ###",
  },
  {
    country: "PL",
    channelCode: "EU-POST",
    share: 4,
    names: ["Łukasz Żółkiewski", "Małgorzata Wójcik"],
    streets: ["ul. Świętokrzyska {n}/{n}"],
    places: [["Łódź", "", "90-0##"]],
    phone: "+48 22 602 0###",
  },
  {
    country: "GB",
    channelCode: "UK-TRACKED",
    share: 10,
    names: ["Siân Llewellyn", "Oliver Thorne", "Niamh O’Shea"],
    streets: ["{n} High Street", "Flat {n}, Rose Court"],
    places: [
      ["London", "", "SW1A #AA"],
      ["Cardiff", "", "CF10 #BB"],
    ],
    phone: "+44 20 7946 0###",
  },
  {
    country: "SA",
    channelCode: "GULF-EXPRESS",
    share: 6,
    names: ["محمد بن عبد الله", "فاطمة الزهراء", "نورة السبيعي"],
    streets: ["شارع الملك فهد {n}", "حي العليا، مبنى {n}"],
    places: [
      ["الرياض", "", "115##"],
      ["جدة", "", "214##"],
    ],
    phone: "+966 11 200 0###",
  },
  {
    country: "AE",
    channelCode: "GULF-EXPRESS",
    share: 4,
    names: ["خالد المنصوري", "Layla Haddad"],
    streets: ["شارع الشيخ زايد {n}", "Sheikh Zayed Rd {n}"],
    places: [["دبي", "", "00000"]],
    phone: "+971 4 000 0###",
  },
  {
    country: "JP",
    channelCode: "ASIA-REGISTERED",
    share: 6,
    names: ["佐藤 美咲", "髙橋 健一"],
    streets: ["千代田区丸の内{n}丁目", "中央区銀座{n}-{n}"],
    places: [
      ["東京都", "", "100-00##"],
      ["大阪市", "", "530-00##"],
    ],
    phone: "+81 3 0000 0###",
  },
  {
    country: "SG",
    channelCode: "ASIA-REGISTERED",
    share: 4,
    names: ["陈伟明", "Nurul Aisyah", "李秀英"],
    streets: ["Blk {n} Ang Mo Kio Ave 3 #0#-1#"],
    places: [["Singapore", "", "0491##"]],
    phone: "+65 6000 00##",
  },
  {
    country: "TW",
    channelCode: "ASIA-REGISTERED",
    share: 3,
    names: ["林志玲", "王大明"],
    streets: ["信義路五段{n}號"],
    places: [["臺北市", "", "110##"]],
    phone: "+886 2 0000 00##",
  },
  {
    country: "BR",
    channelCode: "GLOBAL-YT",
    share: 3,
    names: ["João Gonçalves", "Inês Conceição"],
    streets: ["Av. Paulista, {n}\nApto {n}"],
    places: [["São Paulo", "SP", "01310-###"]],
    phone: "+55 11 0000 0###",
  },
  {
    country: "AU",
    channelCode: "GLOBAL-YT",
    share: 2,
    names: ["Chloe Nguyen", "Liam O'Connor"],
    streets: ["{n} George St; Level {n}"],
    places: [
      ["Sydney", "NSW", "2000"],
      ["Darwin", "NT", "0800"],
    ],
    phone: "+61 2 5550 0###",
  },
];

/** English description, six-digit HS code, price range in major units of the currency. */
export const goods: readonly (readonly [description: string, hsCode: string, from: number, to: number])[] = [
  ["Cotton T-shirt, printed", "610910", 4, 25],
  ["Silicone phone case", "392690", 2, 15],
  ["Stainless steel bottle, 500 ml", "732393", 6, 30],
  ["LED desk lamp", "940521", 12, 60],
  ["Wooden puzzle for children", "950360", 5, 40],
  ["Running shoes", "640411", 20, 110],
  ["Ceramic mug “good morning”", "691200", 3, 18],
  ["Bluetooth earphones", "851830", 10, 90],
  ["Garden hand tool set", "820190", 8, 45],
  ["Women's knitted cardigan", "611030", 12, 70],
];
