package dev.fathom.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.jni.Native;
import dev.fathom.op.Unary;
import dev.fathom.ops.Binary;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The Java enums are the library's own tables, row for row: a place in one is a number in the other. */
class TablesTest {
    @BeforeAll
    static void load() {
        NativeRuntime.get();
    }

    private static List<String> table(int which) {
        return Native.table(which).lines().toList();
    }

    @Test
    void kernels() {
        assertThat(Arrays.stream(Kernel.values()).map(k -> k.name().toLowerCase(Locale.ROOT)))
                .containsExactlyElementsOf(
                        table(0).stream().map(row -> row.split(":")[0]).toList());
        assertThat(Kernel.CONV.words())
                .isEqualTo(table(0).get(Kernel.CONV.ordinal()).length() - "conv:".length());
    }

    @Test
    void unary() {
        assertThat(Arrays.stream(Unary.values()).map(Unary::row)).containsExactlyElementsOf(table(1));
    }

    @Test
    void binary() {
        assertThat(Arrays.stream(Binary.values()).filter(f -> !f.ofBits()).map(Binary::row))
                .containsExactlyElementsOf(table(2));
    }

    @Test
    void integer() {
        assertThat(Binary.INTEGERS.stream().map(Binary::label)).containsExactlyElementsOf(table(3));
    }
}
