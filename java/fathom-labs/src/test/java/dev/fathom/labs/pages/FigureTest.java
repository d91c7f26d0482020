package dev.fathom.labs.pages;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How a figure stands to what is published, and to its band. */
class FigureTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "99.1 %; %; 98.6; -0.5",
                "98.6; %; 99.1; +0.5",
                "about 0.7; ; 0.7; 0",
                "225 ± 2; nats; 230.5; +5.5",
                "1,000 steps; steps; 1250; +250",
                "-103.6; nats; -104; -0.4",
                "2.71; bits; 2.71; 0",
                // a range, words, another unit and two numbers are no single number to compare with
                "2.5 to 4; %; 3; ''",
                "at most 1.69; ; 1.36; ''",
                "99 %; epochs; 100; ''",
                "99 % in about 100 epochs; %; 99; ''",
                "positive; ; 1; ''",
                "''; ; 1; ''",
            })
    void theDifferenceFromASingleNumber(String published, String unit, double measured, String difference) {
        Figure figure = Figure.of("f", unit == null ? "" : unit, measured).published(published, "somebody");
        assertThat(figure.difference()).isEqualTo(difference);
    }

    @Test
    void aMissedBandSaysByHowMuch() {
        Figure figure = Figure.of("f", "%", 88.5);
        assertThat(figure.judgment()).isEmpty();
        assertThat(figure.within(88, 89).judgment()).isEqualTo("reached");
        assertThat(figure.within(90, 92).judgment()).isEqualTo("missed by 1.5");
        assertThat(figure.atMost(80.25).judgment()).isEqualTo("missed by 8.25");
        assertThat(figure.atLeast(88.5).judgment()).isEqualTo("reached");
    }
}
