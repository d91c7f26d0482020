package dev.fathom.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.bench.Charts.Bar;
import dev.fathom.bench.Charts.Range;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class ChartsTest {
    /** An attribute of all elements of a kind, of which the first rectangle is the paper. */
    private static List<Double> all(String svg, String kind, String attribute) throws Exception {
        NodeList found = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)))
                .getElementsByTagName(kind);
        List<Double> values = new ArrayList<>();
        for (int i = kind.equals("rect") ? 1 : 0; i < found.getLength(); i++) {
            values.add(Double.parseDouble(((Element) found.item(i)).getAttribute(attribute)));
        }
        return values;
    }

    @Test
    void barsAreAsLongAsTheirFigures() throws Exception {
        String svg = Charts.bars("Memory", "less is better", "MB", List.of(new Bar("Fathom", 20), new Bar("b", 80)));
        List<Double> widths = all(svg, "rect", "width");
        assertThat(widths).hasSize(2);
        assertThat(widths.get(1)).isEqualTo(4 * widths.get(0));
        assertThat(svg).contains(">Memory<", ">less is better<", ">Fathom<", ">20.0 MB<", ">80.0 MB<");
        assertThat(all(Charts.bars("None", "", "B", List.of(new Bar("a", 0))), "rect", "width"))
                .containsExactly(0.0);
    }

    @Test
    void rangesLieOnALogarithmicAxis() throws Exception {
        String svg = Charts.ranges(
                "Latency",
                "",
                "µs",
                Map.of("1 caller", List.of(new Range("a", 10, 1000), new Range("b", 100, 12_000))));
        List<Double> medians = all(svg, "circle", "cx");
        assertThat(svg).contains(">10 µs<", ">100,000 µs<", ">1 caller<", ">12,000<");
        assertThat(medians.get(1) - medians.get(0)).isEqualTo(105); // a decade of four
        assertThat(all(svg, "rect", "width").get(5)).isEqualTo(210);
    }
}
