import assert from "node:assert/strict";
import { test } from "node:test";
import { elementsOf, parseXml, textOf } from "../../../src/text/xml.ts";

test("parseXml() reads elements, attributes, text and entities", () => {
  const root = parseXml(`<?xml version='1.0'?>
<!-- a <b> -->
<stream>
<message type="info">a &amp; b &#65;&#x42; &nosuch;</message>
<progress id='6' name="Building &apos;x&apos;" done="1"/>
<list><item n="1"/><inner><item n="2">text<![CDATA[<raw>]]></item></inner></list>
</stream>`);
  assert.equal(root.name, "stream");
  assert.equal(textOf(elementsOf(root, "message")[0]!), "a & b AB &nosuch;");
  assert.deepEqual(elementsOf(root, "progress")[0]!.attributes, {
    id: "6",
    name: "Building 'x'",
    done: "1",
  });
  assert.deepEqual(elementsOf(root, "item").map(({ attributes }) => attributes["n"]), ["1", "2"]);
  assert.equal(textOf(elementsOf(root, "item")[1]!), "text<raw>");
});

test("parseXml() refuses what is not whole, does not fit, or is too deep", () => {
  for (const text of ["", "text", "<a>", "<a></b>", "</a>", "<a>".repeat(300)]) {
    assert.throws(() => parseXml(text), SyntaxError);
  }
});
