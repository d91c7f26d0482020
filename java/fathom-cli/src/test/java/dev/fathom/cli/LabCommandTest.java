package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.labs.Labs;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab}: the list, and the answers to wrong options. */
class LabCommandTest {
    @TempDir
    Path temp;

    @Test
    void theListSaysWhatEachShows() {
        CommandLineRun list = CommandLineRun.of("lab", "--list");
        assertThat(list.code()).isZero();
        assertThat(list.out())
                .hasLineCount(Labs.ALL.size())
                .containsPattern("\\./fathom lab fashion +what convolution gains on Fashion-MNIST: LeNet-5 \\(90 %\\)");
        assertThat(CommandLineRun.of("lab").out()).isEqualTo(list.out());
    }

    @Test
    void wrongOptionsGetOneLine() {
        CommandLineRun unknown = CommandLineRun.of("lab", "imagenet");
        assertThat(unknown.err())
                .isEqualTo("fathom lab: there is no lab imagenet; there are "
                        + String.join(", ", Labs.shown().keySet())
                        + " (./fathom lab --help lists the options)\n");
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(CommandLineRun.of("lab", "fashion", "--epochs", "0").err())
                .isEqualTo("fathom lab: --epochs 0: choose at least 1 (./fathom lab --help lists the options)\n");
        assertThat(CommandLineRun.of("lab", "arithmetic", "--prompt", "1+1").err())
                .startsWith("fathom lab: the lab arithmetic takes no prompt; leave out --prompt, or run translate");
        assertThat(CommandLineRun.of("lab", "fashion", "--save", "--short").err())
                .isEqualTo(
                        "fathom lab: --save stores full runs on the usual data; leave out --short, --epochs and --data"
                                + " (./fathom lab --help lists the options)\n");
        CommandLineRun homeless = CommandLineRun.in(temp, "lab", "--page");
        assertThat(homeless.code()).isEqualTo(1);
        assertThat(homeless.err())
                .isEqualTo("fathom lab: there is no folder " + temp.resolve("docs")
                        + " to store pages in; run this in Fathom's source tree, or name it with -Dfathom.root=\n");
        CommandLineRun missing = CommandLineRun.in(
                temp, "lab", "mnist", "--out", temp.resolve("out").toString());
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err()).hasLineCount(1).endsWith("; ./fathom data mnist fetches it\n");
        CommandLineRun empty = CommandLineRun.of(
                "lab",
                "cifar",
                "--data",
                temp.toString(),
                "--out",
                temp.resolve("out").toString());
        assertThat(empty.err())
                .isEqualTo("fathom lab: " + temp + " lacks data_batch_1.bin; put it there, or fetch all with "
                        + "./fathom data cifar10\n");
    }
}
