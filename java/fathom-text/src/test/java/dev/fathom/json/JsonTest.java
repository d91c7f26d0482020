package dev.fathom.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The tree is the one that Gson makes, and what is no JSON is refused. */
class JsonTest {
    @Test
    void theTreeIsGsons() throws IOException {
        String text =
                "{\"a\": [1, -2.5e-3, \"x\\u00e9\", true, null], \"b\": {\"c\": {}, \"d\": []}, \"e\": 9007199254740993}";
        JsonElement tree = Json.read(text);
        assertThat(tree).isEqualTo(new Gson().fromJson(text, JsonElement.class));
        assertThat(tree)
                .hasToString("{\"a\":[1,-0.0025,\"xé\",true,null],\"b\":{\"c\":{},\"d\":[]},\"e\":9007199254740993}");
    }

    @Test
    void aNumberOfManyDigitsIsADouble() throws IOException {
        assertThat(Json.read("12345678901234567890").getAsDouble()).isEqualTo(12345678901234567890.0);
        assertThat(Json.read("-0").getAsDouble()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[1", "{\"a\" 1}", "{a: 1}", "[1] 2", "1e999", "NaN", "\"a"})
    void whatIsNoJsonIsRefused(String text) {
        assertThatThrownBy(() -> Json.read(text)).isInstanceOf(IOException.class);
    }

    @Test
    void depthIsBounded() {
        assertThatThrownBy(() -> Json.read("[".repeat(100_000)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("it nests more than 100 objects and lists");
    }
}
