using System.Buffers;
using System.Text;
using System.Text.Json;
using RateLimiter.Api.Http.Yaml;

namespace RateLimiter.UnitTests.Api.Http.Yaml;

public sealed class YamlReaderTests
{
    [TestCase("null", "null")]
    [TestCase("Null", "null")]
    [TestCase("~", "null")]
    [TestCase("", "null")]
    [TestCase("nULL", "\"nULL\"")]
    [TestCase("true", "true")]
    [TestCase("FALSE", "false")]
    [TestCase("yes", "\"yes\"")]
    [TestCase("No", "\"No\"")]
    [TestCase("on", "\"on\"")]
    [TestCase("y", "\"y\"")]
    [TestCase("0", "0")]
    [TestCase("-12", "-12")]
    [TestCase("+12", "12")]
    [TestCase("007", "7")]
    [TestCase("0o17", "15")]
    [TestCase("0x1F", "31")]
    [TestCase("0xffffffffffffffff", "18446744073709551615")]
    [TestCase("99999999999999999999", "99999999999999999999")]
    [TestCase("1.5", "1.5")]
    [TestCase("1.0", "1.0")]
    [TestCase("1.", "1.0")]
    [TestCase(".5", "0.5")]
    [TestCase("-00.50", "-0.50")]
    [TestCase("1e3", "1e3")]
    [TestCase("+1E+3", "1E+3")]
    [TestCase("1_000", "\"1_000\"")]
    [TestCase("0b1", "\"0b1\"")]
    [TestCase("0x", "\"0x\"")]
    [TestCase("1:30", "\"1:30\"")]
    [TestCase("2026-02-03", "\"2026-02-03\"")]
    [TestCase("١٢", "\"\\u0661\\u0662\"")]
    [TestCase("'123'", "\"123\"")]
    [TestCase("\"null\"", "\"null\"")]
    [TestCase("\"\\U0001F600\"", "\"\\uD83D\\uDE00\"")]
    [TestCase("a b", "\"a b\"")]
    [TestCase("<<", "\"\\u003C\\u003C\"")]
    [TestCase("|\n  true", "\"true\"")]
    [TestCase(">\n  a\n  b", "\"a b\"")]
    public void Read_Scalar_IsWhatTheCoreSchemaSays(string yaml, string json) =>
        Assert.That(Read($"a: {yaml}"), Is.EqualTo($"{{\"a\":{json}}}"));

    [TestCase("[a, [1, {b: c}]]", "[\"a\",[1,{\"b\":\"c\"}]]")]
    [TestCase(
        "- a\n-\n  - 1\n- b:\n    c: []\n    1: {}",
        "[\"a\",[1],{\"b\":{\"c\":[],\"1\":{}}}]"
    )]
    [TestCase("{\"a\": \"b\", \"c\": [true, null]}", "{\"a\":\"b\",\"c\":[true,null]}")]
    [TestCase("%YAML 1.2\n--- # first\na: 1 # one\n...\n", "{\"a\":1}")]
    [TestCase("? a\n: b", "{\"a\":\"b\"}")]
    public void Read_Structure_IsTheSameInJson(string yaml, string json) =>
        Assert.That(Read(yaml), Is.EqualTo(json));

    [Test]
    public void Read_SameNameTwice_LeavesItToTheReaderOfTheJson() =>
        Assert.That(Read("a: 1\na: 2"), Is.EqualTo("{\"a\":1,\"a\":2}"));

    [TestCase("")]
    [TestCase("# nothing")]
    public void Read_NoDocument_IsNothing(string yaml) => Assert.That(Read(yaml), Is.Empty);

    [TestCase("a: &b 1", "must not have anchors and aliases (line 1, column 4)")]
    [TestCase("a: 1\nb: *c", "must not have anchors and aliases (line 2, column 4)")]
    [TestCase("a: !!str 1", "must not have tags (line 1, column 4)")]
    [TestCase("a: ! 1", "must not have tags (line 1, column 4)")]
    [TestCase("--- 1\n--- 2", "must be a single document (line 2, column 1)")]
    [TestCase("%YAML 1.1\n--- yes", "must be YAML 1.2 (line 1, column 1)")]
    [TestCase("a:\n  [1]: 2", "must not have lists or mappings for names (line 2, column 3)")]
    [TestCase("a: 1\nb: .inf", "must not have .inf or .nan (line 2, column 4)")]
    [TestCase("a: 0x10000000000000000", "must not have numbers that large (line 1, column 4)")]
    [TestCase("a: [1", "is not valid YAML (line 2, column 1)")]
    [TestCase("a: b: c", "is not valid YAML (line 1, column 5)")]
    [TestCase("a: 1\n b: 2", "is not valid YAML (line 2, column 3)")]
    [TestCase("a: \"\\x\"", "is not valid YAML (line 1, column 4)")]
    [TestCase("a: \"\\uD800\"", "is not valid YAML (line 1, column 4)")]
    [TestCase("a: \"\\U00110000\"", "is not valid YAML (line 1, column 4)")]
    public void Read_WhatJsonCannotSay_IsRefusedWithItsPlace(string yaml, string fault) =>
        Assert.That(Assert.Throws<YamlTextException>(() => Read(yaml))!.Message, Is.EqualTo(fault));

    [TestCase("a: 1\0b: 2")]
    [TestCase("a: \"\u001b\"")]
    [TestCase("a: \u007f")]
    public void Read_ControlCharacter_IsRefused(string yaml) =>
        Assert.That(
            Assert.Throws<YamlTextException>(() => Read(yaml))!.Message,
            Is.EqualTo("must not have control characters")
        );

    [Test]
    public void Read_SixteenLevels_AreRight() =>
        Assert.That(Read(new string('[', 16) + new string(']', 16)), Has.Length.EqualTo(32));

    [Test]
    public void Read_DeeperThanSixteenLevels_IsRefused() =>
        Assert.That(
            Assert.Throws<YamlTextException>(() => Read(new string('[', 100_000)))!.Message,
            Is.EqualTo("must be at most 16 levels deep (line 1, column 17)")
        );

    [Test]
    public void Read_AnyText_IsJsonOrRefused() =>
        RandomTexts.ForEach(
            text =>
            {
                try
                {
                    if (Read(text) is { Length: > 0 } json)
                    {
                        Assert.That(() => JsonElement.Parse(json), Throws.Nothing, text);
                    }
                }
                catch (YamlTextException fault)
                {
                    Assert.That(fault.Message, Does.Match("^(is|must) "));
                }
            },
            "[]{}:,-?&*!|>'\"%@`# \n\t\\uUx0123abD8\u0085\ud83d\ude00~"
        );

    internal static string Read(string yaml)
    {
        var json = new ArrayBufferWriter<byte>();
        YamlReader.Read(yaml, json);
        return Encoding.UTF8.GetString(json.WrittenSpan);
    }
}
