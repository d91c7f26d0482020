package dev.fathom.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonPrimitive;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts of JSON. */
class JsonTest {
    @Test
    void values() {
        Object read =
                Json.read(" {\"a\": [ 1 ,-2.5e1,0 ], \"b\":[[1],[true,null]],\n\"\":{}, \"c\" : [],\"d\":-0}\r\t");
        Map<?, ?> map = (Map<?, ?>) read;
        assertThat((double[]) map.get("a")).containsExactly(1, -25, 0);
        List<?> b = (List<?>) map.get("b");
        assertThat((double[]) b.get(0)).containsExactly(1);
        assertThat(b.get(1)).isEqualTo(Arrays.asList(true, null));
        assertThat(map.get("")).isEqualTo(Map.of());
        assertThat(map.get("c")).isEqualTo(List.of());
        assertThat(map.get("d")).isEqualTo(-0.0);
        assertThat(Json.read("false")).isEqualTo(false);
    }

    /** As Java reads them, to the last bit. */
    @Test
    void numbers() {
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            String text = (random.nextBoolean() ? "-" : "") + (random.nextBoolean() ? 0 : 1 + random.nextInt(9999));
            if (random.nextInt(8) > 0) { // up to 19 digits more
                text += "." + Long.toString(random.nextLong() >>> 1 + random.nextInt(62));
            }
            text += random.nextInt(4) == 0 ? "e" + (random.nextInt(40) - 30) : "";
            assertThat(Json.read(text)).as(text).isEqualTo(Double.parseDouble(text));
        }
        for (float x : new float[] {Float.MIN_VALUE, Float.MAX_VALUE, 0.1f, -1 / 3f, 16777217}) {
            assertThat(((double[]) Json.read("[" + x + "]"))[0]).isEqualTo(Double.parseDouble(Float.toString(x)));
        }
    }

    /** As another library writes them. */
    @Test
    void strings() {
        for (String text : List.of("", "a", "\"\\/\b\f\n\r\t", "\u0000\u001f", "ä€\ud83d\ude00", "</script>")) {
            assertThat(Json.read(new JsonPrimitive(text).toString())).isEqualTo(text);
        }
        assertThat(Json.read("\"\\u00E4\\/\\ud83d\\ude00\"")).isEqualTo("ä/\ud83d\ude00");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nul",
                "trve",
                "+1",
                "01",
                "-01",
                ".5",
                "1.x",
                "1e+x",
                "-x",
                "0x10",
                "Infinity",
                "'a'",
                "{a:1}",
                "{\"a\" 1}",
                "{\"a\":1,}",
                "[1,]",
                "[,1]",
                "[1 2]",
                "[1}",
                "\"\\x\"",
                "\"\\u00g0\"",
                "\"\\u00٣0\"",
                "\"a\nb\"",
                "[1;2]",
                "]",
                "[1.",
                "1e",
                "-",
                "\"",
                "\"\\",
                "\"\\u00"
            })
    void noJson(String text) {
        assertThatThrownBy(() -> Json.read(text))
                .isInstanceOf(HttpException.class)
                .hasMessageMatching(
                        "the body (is no JSON at line \\d+ column \\d+; send one value of JSON|goes on behind its JSON value.*)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "[", "[1", "[1,", "{", "{\"a\"", "{\"a\":", "{\"a\":1"})
    void ends(String text) {
        assertThatThrownBy(() -> Json.read(text))
                .isInstanceOf(HttpException.class)
                .hasMessage("the body ends within its JSON value; send all of it");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"a": 1,\\n "b": x}   | no JSON at line 2 column 7
            [1, "a"]              | holds something else at element 1
            [1, [2]]              | holds something else at element 1
            [1e39]                | too large for a float
            {"a": 1, "a": 2}      | "a" twice in one object
            [1] 2                 | goes on behind its JSON value
            """)
    void refusals(String text, String says) {
        assertThatThrownBy(() -> Json.read(text.replace("\\n", "\n"))).hasMessageContaining(says);
    }

    @Test
    void depth() {
        assertThat(Json.read("[".repeat(17) + "]".repeat(17))).isInstanceOf(List.class);
        assertThatThrownBy(() -> Json.read("[".repeat(18) + "]".repeat(18))).hasMessageContaining("more than 16 deep");
    }
}
