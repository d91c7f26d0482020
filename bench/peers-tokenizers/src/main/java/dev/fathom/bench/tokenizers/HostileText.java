package dev.fathom.bench.tokenizers;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Texts that are hard to tokenize: words, white space of all kinds, combining marks, ideographs, right-to-left scripts,
 * emoji and their joiners, ligatures, controls, private use, code points that stand for nothing, and special tokens.
 */
final class HostileText {
    private static final int[][] RANGES = {
        {0x20, 0x7e},
        {0x20, 0x7e},
        {0x61, 0x7a},
        {0x61, 0x7a},
        {0x09, 0x0d},
        {0x20, 0x20},
        {0x80, 0x24f},
        {0x300, 0x36f},
        {0x370, 0x3ff},
        {0x400, 0x4ff},
        {0x590, 0x6ff},
        {0x900, 0x97f},
        {0xe00, 0xe7f},
        {0x1100, 0x11ff},
        {0x1e00, 0x1eff},
        {0x2000, 0x206f},
        {0x2070, 0x218f},
        {0x2460, 0x24ff},
        {0x3000, 0x30ff},
        {0x4e00, 0x9fff},
        {0xac00, 0xd7a3},
        {0xf900, 0xfaff},
        {0xfb00, 0xfdff},
        {0xfe00, 0xffef},
        {0x1f300, 0x1f6ff},
        {0x1f900, 0x1f9ff},
        {0x1f1e6, 0x1f1ff},
        {0x10000, 0x103ff},
        {0x1d400, 0x1d7ff},
        {0x20000, 0x2a6df},
        {0xe0000, 0xe007f},
        {0x0, 0x1f},
        {0x7f, 0x9f},
        {0xe000, 0xe0ff}
    };

    /** The ranges that most texts are of. */
    private static final int USUAL = 6;

    private static final String[] WORDS = {
        "the", "Hello", "don't", "I'm", "naïve", "café", "123", "3.14", "  ", "\n", "\n\n", "\r\n", "\t", "[CLS]",
        "[MASK]", "<|endoftext|>", "<s>", "</s>", "<mask>", "\u2581", "##ing", "été", "e\u0301", "a\u0302\u0327", "ﬁ", "Ǆ",
        "İ", "ß", "日本語", "안녕", "👩\u200d👩\u200d👧", "🇩🇪", "…", "—", "'", "\"", "unbelievable", "http://x.y/z?q=1"
    };

    private HostileText() {}

    /** Such texts as words: cut at each blank, so that some are empty, or not cut at all. */
    static List<String> words(Random random) {
        List<String> words = new ArrayList<>();
        for (int texts = random.nextInt(4); texts > 0; texts--) {
            String text = next(random);
            words.addAll(random.nextInt(3) == 0 ? List.of(text) : List.of(text.split(" ", -1)));
        }
        return words;
    }

    static String next(Random random) {
        StringBuilder text = new StringBuilder();
        int mode = random.nextInt(4);
        for (int parts = 1 + random.nextInt(12); parts > 0; parts--) {
            if (mode == 0 || random.nextInt(3) == 0) {
                text.append(WORDS[random.nextInt(WORDS.length)]).append(random.nextBoolean() ? " " : "");
                continue;
            }
            int[] range = RANGES[random.nextInt(mode == 1 ? USUAL : RANGES.length)];
            for (int n = 1 + random.nextInt(6); n > 0; n--) {
                text.appendCodePoint(range[0] + random.nextInt(range[1] - range[0] + 1));
            }
        }
        return text.toString();
    }
}
