/** A text of a script without blanks, or in Korean, and the words that Node's `Intl.Segmenter` cuts it into. */
interface Segmented {
  readonly text: string;
  readonly words: string;
}

/** Texts by language. Dictionaries come with a runtime: these words are the same in Node and in workerd, or a test says so. */
export const SEGMENTED: Readonly<Record<string, Segmented>> = {
  zh: {
    text: "向量搜索会找到意思相近的文档，即使它们没有共同的词。",
    words: "向量|搜索|会|找到|意思|相近|的|文|档|即使|它们|没有|共同|的|词",
  },
  ja: {
    text: "ベクトル検索は、同じ単語がなくても意味の近い文書を見つけます。",
    words: "ベクトル|検索|は|同じ|単語|が|なく|て|も|意味|の|近い|文書|を|見|つけ|ます",
  },
  ko: {
    text: "벡터 검색은 같은 단어가 없어도 뜻이 가까운 문서를 찾습니다.",
    words: "벡터|검색은|같은|단어가|없어도|뜻이|가까운|문서를|찾습니다",
  },
  th: {
    text: "การค้นหาด้วยเวกเตอร์จะพบเอกสารที่มีความหมายใกล้เคียงกัน",
    words: "การ|ค้นหา|ด้วย|เวก|เตอร์|จะ|พบ|เอกสาร|ที่|มี|ความ|หมาย|ใกล้|เคียง|กัน",
  },
};

/** Words of a text with a bar between them, as this runtime cuts it. */
export function wordsOf(language: string): string {
  const segmenter = new Intl.Segmenter(language, { granularity: "word" });
  return Array.from(segmenter.segment(SEGMENTED[language]!.text))
    .filter(({ isWordLike }) => isWordLike)
    .map(({ segment }) => segment)
    .join("|");
}
