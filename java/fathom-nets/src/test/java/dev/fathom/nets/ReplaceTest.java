package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import org.junit.jupiter.api.Test;

/** Nets with one component changed. */
class ReplaceTest {
    @Test
    void aNetChangesOneComponent() {
        Linear head = new Linear(84, 3);
        LeNet5 net = new LeNet5(10);
        LeNet5 changed = Net.replace(net, "output", head);
        assertThat(changed.output()).isSameAs(head);
        assertThat(changed.c1()).isSameAs(net.c1());
        assertThat(net.output().weight().shape()).isEqualTo(Shape.of(10, 84));
        Sequential deep = new Sequential(new Linear(2, 3), new Sequential(new Linear(3, 4), new Linear(4, 5)));
        Sequential inner = Net.replace(deep, "1.1", new Linear(4, 6));
        assertThat(((Sequential) inner.layers().get(1)).layers().get(0))
                .isSameAs(((Sequential) deep.layers().get(1)).layers().get(0));
        assertThatThrownBy(() -> Net.replace(net, "head", head))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("replace: no net is called head; there are [c1, s2, c3,");
        assertThatThrownBy(() -> Net.replace(net, "output", null))
                .hasMessage("replace: by is null; give what takes the place of the node");
        assertThatThrownBy(() -> Net.replace(net, "c1", head))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("component c1 of LeNet5 is a Conv, which no Linear is");
    }

    @Test
    void headsGoAndTheRestStays() {
        GoogLeNet net = GoogLeNet.googlenet(10);
        GoogLeNet bare = net.withoutHeads();
        assertThat(bare.aux1()).isNull();
        assertThat(bare.aux2()).isNull();
        assertThat(bare.inception4e()).isSameAs(net.inception4e());
        assertThat(bare.withoutHeads()).isSameAs(bare);
    }
}
