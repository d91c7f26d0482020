package dev.fathom.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.command.Commands;
import dev.fathom.jni.Native;
import org.junit.jupiter.api.Test;

/** A command is checked word by word against the kinds that the library's table gives its kernel. */
class CommandsTest {
    private final Commands commands = new Commands();

    @Test
    void aWordOfAnotherKind() {
        refused(
                () -> commands.begin(Kernel.FILL).at(0).put(0).put(0),
                "FILL takes a float as argument word 2 but an integer was written");
        refused(
                () -> commands.begin(Kernel.FILL).at(0).put(0f),
                "FILL takes an integer as argument word 1 but a float was written");
        refused(
                () -> commands.begin(Kernel.FILL).put(64),
                "FILL takes an address as argument word 0 but an integer was written");
        refused(
                () -> commands.begin(Kernel.FILL).at(0).at(0),
                "FILL takes an integer as argument word 1 but an address was written");
    }

    private static void refused(Runnable command, String message) {
        assertThatThrownBy(command::run)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(message + "; integers and floats go through put, addresses through at");
    }

    /**
     * Every word that names a row, a kind or a mode is refused before a kernel looks it up; the other words are never
     * read.
     */
    @Test
    void aWordThatNamesNothing() {
        int words = 0;
        for (Kernel kernel : Kernel.values()) {
            for (int i = 0; i < kernel.written(); i++) {
                for (long wrong : new long[] {-2, 1000, Long.MIN_VALUE, 1L << 32}) {
                    if (kernel.letter(i) != 'E') {
                        continue;
                    }
                    words++;
                    commands.begin(kernel);
                    for (int j = 0; j < kernel.written(); j++) {
                        if (kernel.takes(j, Kernel.Kind.INTEGER)) {
                            commands.put(j == i ? wrong : 0);
                        } else if (kernel.takes(j, Kernel.Kind.FLOAT)) {
                            commands.put(0f);
                        } else {
                            commands.at(0);
                        }
                    }
                    assertThat(commands.scratchBytes()).isZero();
                    assertThatThrownBy(commands::run)
                            .isInstanceOf(KernelException.class)
                            .hasMessage(kernel + " takes one of an enumeration as argument word " + i + " but " + wrong
                                    + " is none of it; write the number of a row, a kind or a mode that exists");
                }
            }
        }
        assertThat(words).isEqualTo(4 * 36);
    }

    @Test
    void tooManyOrTooFewWords() {
        assertThatThrownBy(
                        () -> commands.begin(Kernel.FILL).at(0).put(0).put(0f).put(0))
                .hasMessage("FILL takes 3 argument words but more were written");
        assertThatThrownBy(() -> commands.begin(Kernel.FILL).at(0).put(0).run())
                .hasMessage("FILL takes 3 argument words but 2 were written");
    }

    @Test
    void scratchIsTheRunnersWord() {
        Runnable gemm = () -> commands.begin(Kernel.GEMM)
                .put(0)
                .put(0)
                .at(64)
                .at(64)
                .at(64)
                .put(3)
                .put(4)
                .put(5)
                .put(0);
        assertThatThrownBy(() -> {
                    gemm.run();
                    commands.at(64);
                })
                .hasMessage("GEMM takes 9 argument words but more were written");
        assertThatThrownBy(() -> {
                    gemm.run();
                    commands.run();
                })
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("GEMM needs scratch but was run without; ask scratchBytes() how much");
        gemm.run();
        assertThat(commands.scratchBytes()).isPositive();
        assertThat(commands.scratchBytes(Kernel.GEMM, new long[] {0, 0, 1, 1, 1, 3, 4, 5, 0}))
                .isEqualTo(commands.scratchBytes());
        assertThat(commands.scratchBytes(Kernel.GEMM, new long[] {0, 0, 1, 1, 1, 1L << 40, 1L << 40, 1L << 40, 0}))
                .isEqualTo(-1);
        assertThat(commands.begin(Kernel.FILL).at(0).put(0).put(0f).scratchBytes())
                .isZero();
        for (Kernel kernel : Kernel.values()) { // an S anywhere else would be no one's word
            for (int i = 0; i < kernel.words(); i++) {
                assertThat(kernel.letter(i) == 'S')
                        .as("%s word %d", kernel, i)
                        .isEqualTo(kernel.takesScratch() && i == kernel.words() - 1);
            }
        }
    }

    @Test
    void aLibraryOfAnotherVersion() {
        String table = Native.table(0);
        for (String other : new String[] {"", "fill:AIF\n", table.replace("gemm:", "gemv:"), table + "more:I\n"}) {
            assertThatThrownBy(() -> Kernel.read(other))
                    .isInstanceOf(NativeException.class)
                    .hasMessage(
                            "the native library has other kernels than this jar; use a jar and a native library of one"
                                    + " version");
        }
    }
}
