package dev.fathom.experiments.pages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
        assertThat(judgment(figure, 88, 89)).isEqualTo("reached");
        assertThat(judgment(figure, 90, 92)).isEqualTo("missed by 1.5");
        assertThat(judgment(figure, Double.NEGATIVE_INFINITY, 80.25)).isEqualTo("missed by 8.25");
        assertThat(judgment(figure, 88.5, Double.POSITIVE_INFINITY)).isEqualTo("reached");
    }

    private static String judgment(Figure figure, double low, double high) {
        return figure.expected(Figure.Kind.SANITY, new Figure.Range(low, high)).judgment();
    }

    @Test
    void aMissedEndIsTellableFromTheFigure() {
        assertThat(told(0.0044121, Double.NEGATIVE_INFINITY, 0.0043729)).isEqualTo("0.00441 % where at most 0.00437");
        assertThat(told(98.996, 99, 100)).isEqualTo("98.996 % where 99.000 to 100.000");
        assertThat(told(90, 99, 100)).isEqualTo("90 % where 99 to 100");
        assertThat(told(99, 99, 100)).isEqualTo("99 % where 99 to 100");
    }

    private static String told(double measured, double low, double high) {
        Figure figure = new Figure(
                "f", "%", measured, null, null, "", "", "", Figure.Kind.BASELINE, new Figure.Range(low, high));
        return figure.value() + " where " + figure.expected();
    }

    @Test
    void aBaselineIsComparedWhereNothingIsPublished() {
        Figure figure = Figure.of("f", "dB", 30.5).baseline(28.25, "a filter");
        assertThat(figure.difference()).isEqualTo("+2.25");
        assertThat(figure.reference()).isEqualTo("28.25 dB (a filter)");
        assertThat(figure.published("31 dB", "somebody").difference()).isEqualTo("-0.5");
        assertThat(figure.published("31 dB", "somebody").reference())
                .isEqualTo("published 31 dB (somebody); 28.25 dB (a filter)");
        assertThatThrownBy(() -> figure.baseline(Double.NaN, "a filter"))
                .hasMessage("figure: the baseline of f is NaN; leave out what was not measured");
    }
}
