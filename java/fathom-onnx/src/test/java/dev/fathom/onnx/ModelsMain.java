package dev.fathom.onnx;
import java.nio.file.*;
import java.util.*;
public class ModelsMain {
  public static void main(String[] a) throws Exception {
    for (String n : a) { long t=System.nanoTime();
      var m = PublishedModelsTest.class.getDeclaredMethods();
      String r="?",p="?";
      try (OnnxModel model = OnnxModel.read(Path.of(System.getProperty("fathom.root"),"test-data/onnx/"+n+".onnx"))) {
        r=call("run",model,n); System.out.println(n+" run "+(System.nanoTime()-t)/1000000+" ms: "+r); t=System.nanoTime(); p=call("freeze",model,n);
      } catch (RuntimeException e) { r=e.toString(); System.out.println(n+" "+r); }
      System.out.println(n+" plan "+(System.nanoTime()-t)/1000000+" ms: "+p); }
  }
  static String call(String what, OnnxModel m, String n) { try { var f=PublishedModelsTest.class.getDeclaredMethod(what,OnnxModel.class,String.class,double.class); f.setAccessible(true); f.invoke(null,m,n,1e-4); return "pass"; } catch (java.lang.reflect.InvocationTargetException e) { Throwable c=e.getCause(); if(System.getProperty("trace")!=null) c.printStackTrace(); return String.valueOf(c); } catch (Exception e) { return e.toString(); } }
}
