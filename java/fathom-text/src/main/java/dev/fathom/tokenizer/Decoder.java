package dev.fathom.tokenizer;

import dev.fathom.text.BytePairs;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** How tokens become a text again; the names are those of {@code tokenizer.json}. */
interface Decoder {
    /** What tokens become; joined, they are the text. */
    List<String> decode(List<String> tokens);

    /**
     * Whether what a token adds behind a text that is not empty, and whose last letter is whole, depends on it alone.
     */
    default boolean apart() {
        return true;
    }

    /** One after the other. */
    record Sequence(List<Decoder> decoders) implements Decoder {
        @Override
        public List<String> decode(List<String> tokens) {
            List<String> all = tokens;
            for (Decoder d : decoders) {
                all = d.decode(all);
            }
            return all;
        }

        @Override
        public boolean apart() {
            boolean joined = false;
            for (Decoder d : decoders) {
                if (!d.apart() || joined && !(d instanceof Fuse || d instanceof Strip)) {
                    return false;
                }
                joined |= d instanceof Fuse || d instanceof ByteLevel;
            }
            return true;
        }
    }

    /** The bytes that letters stand for. */
    record ByteLevel() implements Decoder {
        @Override
        public List<String> decode(List<String> tokens) {
            return List.of(BytePairs.written(tokens));
        }
    }

    /** Blanks between words, and none before what continues one. */
    record WordPiece(String prefix, boolean cleanup) implements Decoder {
        @Override
        public List<String> decode(List<String> tokens) {
            List<String> all = new ArrayList<>(tokens.size());
            for (int i = 0; i < tokens.size(); i++) {
                String token = tokens.get(i);
                if (i > 0) {
                    token = token.startsWith(prefix) ? token.substring(prefix.length()) : " " + token;
                }
                all.add(cleanup ? cleaned(token) : token);
            }
            return all;
        }
    }

    /** Without blanks before punctuation and English contractions. */
    static String cleaned(String text) {
        return text.replace(" .", ".")
                .replace(" ?", "?")
                .replace(" !", "!")
                .replace(" ,", ",")
                .replace(" ' ", "'")
                .replace(" n't", "n't")
                .replace(" 'm", "'m")
                .replace(" do not", " don't")
                .replace(" 's", "'s")
                .replace(" 've", "'ve")
                .replace(" 're", "'re");
    }

    /** A blank for each sign, but for the one that was set in front of the text. */
    record Metaspace(int sign, boolean prefixed) implements Decoder {
        @Override
        public List<String> decode(List<String> tokens) {
            List<String> all = new ArrayList<>(tokens.size());
            String written = Character.toString(sign);
            for (int i = 0; i < tokens.size(); i++) {
                all.add(tokens.get(i).replace(written, i == 0 && prefixed ? "" : " "));
            }
            return all;
        }
    }

    /** A blank for what ends a word. */
    record Suffix(String suffix) implements Decoder {
        @Override
        public List<String> decode(List<String> tokens) {
            List<String> all = new ArrayList<>(tokens.size());
            for (int i = 0; i < tokens.size(); i++) {
                all.add(tokens.get(i).replace(suffix, i == tokens.size() - 1 ? "" : " "));
            }
            return all;
        }

        @Override
        public boolean apart() {
            return false;
        }
    }

    /** The characters that tokens such as {@code <0xE2>} make, or U+FFFD for each byte of what is none. */
    record ByteFallback() implements Decoder {
        @Override
        public List<String> decode(List<String> tokens) {
            List<String> all = new ArrayList<>(tokens.size());
            var bytes = new ByteArrayOutputStream();
            for (String token : tokens) {
                int b = value(token);
                if (b >= 0) {
                    bytes.write(b);
                } else {
                    flush(bytes, all);
                    all.add(token);
                }
            }
            flush(bytes, all);
            return all;
        }

        /** The byte that a token stands for, or -1. */
        static int value(String token) {
            if (token.length() != 6 || !token.startsWith("<0x") || !token.endsWith(">")) {
                return -1;
            }
            int high = Character.digit(token.charAt(3), 16);
            int low = Character.digit(token.charAt(4), 16);
            return high < 0 || low < 0 ? -1 : 16 * high + low;
        }

        private static void flush(ByteArrayOutputStream bytes, List<String> to) {
            if (bytes.size() == 0) {
                return;
            }
            try {
                to.add(StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(bytes.toByteArray()))
                        .toString());
            } catch (CharacterCodingException e) {
                to.addAll(Collections.nCopies(bytes.size(), "\ufffd"));
            }
            bytes.reset();
        }
    }

    /** All tokens as one. */
    record Fuse() implements Decoder {
        @Override
        public List<String> decode(List<String> tokens) {
            return List.of(String.join("", tokens));
        }
    }

    /** Takes up to so many of a character from both ends of each token. */
    record Strip(int content, int left, int right) implements Decoder {
        @Override
        public List<String> decode(List<String> tokens) {
            return tokens.stream().map(this::stripped).toList();
        }

        @Override
        public boolean apart() {
            return right == 0;
        }

        private String stripped(String token) {
            int[] points = token.codePoints().toArray();
            int first = 0;
            while (first < Math.min(left, points.length) && points[first] == content) {
                first++;
            }
            int last = points.length;
            while (last > first && points.length - last < right && points[last - 1] == content) {
                last--;
            }
            return new String(points, first, last - first);
        }
    }

    /** Another string wherever a pattern is found in a token. */
    record Replace(TextPattern pattern, String content) implements Decoder {
        @Override
        public List<String> decode(List<String> tokens) {
            var replace = new Normalizer.Replace(pattern, content);
            return tokens.stream()
                    .map(token -> replace.normalize(Text.of(token)).toString())
                    .toList();
        }
    }

    /** What a recognizer of speech writes: without repetitions and blanks of the loss. */
    record Ctc(String pad, String delimiter, boolean cleanup) implements Decoder {
        @Override
        public List<String> decode(List<String> tokens) {
            List<String> all = new ArrayList<>();
            for (int i = 0; i < tokens.size(); i++) {
                if (i > 0 && tokens.get(i).equals(tokens.get(i - 1))) {
                    continue;
                }
                String token = tokens.get(i).replace(pad, "");
                token = cleanup ? cleaned(token).replace(delimiter, " ") : token;
                if (!token.isEmpty()) {
                    all.add(token);
                }
            }
            return all;
        }

        @Override
        public boolean apart() {
            return false;
        }
    }
}
