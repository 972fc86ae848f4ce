using System.Text;
using System.Text.Json;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Http.Json;

namespace RateLimiter.UnitTests.Api.Checks;

/// <summary>The hand-written reader reads the same values as the serializer, or leaves the body to the serializer.</summary>
public sealed class CheckRequestReaderTests
{
    private const string Plain = """{"user_id":"alice","route_key":"search"}""";

    private static readonly JsonSerializerOptions Options = CreateOptions();

    [TestCase(Plain)]
    [TestCase("""{ "cost" : 5 , "role":"free","route_key":"search","user_id":"alice"}""")]
    [TestCase("""{"user_id":null,"route_key":null,"role":null}""")]
    [TestCase("""{"user_id":"","route_key":"a\"\u00e9\ud83d\ude00\n","cost":-1}""")]
    [TestCase("""{"user\u005fid":"alice"}""")]
    [TestCase("""{"user_id":"a","min_cost":2,"cost":3}""")]
    [TestCase("""{"subjects":null}""")]
    [TestCase("{}")]
    public void Read_PlainlyRight_IsAsTheSerializerReadsIt(string json) =>
        Assert.That(
            Read(new CheckRequestReader(), json),
            Is.EqualTo(JsonSerializer.Deserialize<CheckRequest>(json, Options))
        );

    [TestCase("""{"subjects":{"org":"acme"},"user_id":"a"}""", "org")]
    [TestCase("""{"subjects":{ "org" : "\ud83d\ude00", "a\u0062":"" } }""", "ab", "org")]
    [TestCase("""{"subjects":{"user_id":"x","A b":"y"}}""", "A b", "user_id")]
    public void Read_Subjects_AreThoseThatTheSerializerReads(string json, params string[] names)
    {
        var read = (CheckRequest)Read(new CheckRequestReader(), json)!;

        Assert.That(read.Subjects!.Keys, Is.EqualTo(names));
        Assert.That(
            read.Subjects,
            Is.EquivalentTo(JsonSerializer.Deserialize<CheckRequest>(json, Options)!.Subjects!)
        );
    }

    [TestCase("""{"subjects":[]}""")]
    [TestCase("""{"subjects":"acme"}""")]
    [TestCase("""{"subjects":{"org":null}}""")]
    [TestCase("""{"subjects":{"org":1}}""")]
    [TestCase("""{"subjects":{"org":{"a":"b"}}}""")]
    [TestCase("""{"subjects":{"org":"a","org":"b"}}""")]
    [TestCase("""{"subjects":{"org":"a"},"subjects":{"org":"a"}}""")]
    [TestCase("""{"min_cost":null}""")]
    [TestCase("""{"min_cost":"1"}""")]
    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("1")]
    [TestCase("\"alice\"")]
    [TestCase("""{"user_id":"alice","user_id":"bob"}""")]
    [TestCase("""{"user_id":"alice","userId":"bob"}""")]
    [TestCase("""{"User_id":"alice"}""")]
    [TestCase("""{"user_id":1}""")]
    [TestCase("""{"user_id":["alice"]}""")]
    [TestCase("""{"role":{}}""")]
    [TestCase("""{"cost":null}""")]
    [TestCase("""{"cost":"1"}""")]
    [TestCase("""{"cost":1.5}""")]
    [TestCase("""{"cost":9223372036854775808}""")]
    public void Read_AnythingElse_IsLeftToTheSerializer(string json) =>
        Assert.That(Read(new CheckRequestReader(), json), Is.Null);

    [Test]
    public void Read_Batch_IsAsTheSerializerReadsIt(
        [Values(0, 1, 3)] int count,
        [Values("", " ")] string space
    )
    {
        var items = string.Join(",", Enumerable.Repeat(Plain, count));
        var json = $"{{{space}\"checks\":{space}[{items}{space}]{space}}}";

        var read = (CheckBatchRequest)Read(new CheckBatchRequestReader(), json)!;

        Assert.That(
            read.Checks,
            Is.EqualTo(JsonSerializer.Deserialize<CheckBatchRequest>(json, Options)!.Checks)
        );
    }

    [Test]
    public void Read_BatchWithTheSameAndOtherNames_GivesEachItsOwn()
    {
        const string json = """
            {"checks":[{"user_id":"a","route_key":"r","role":"x"},{"user_id":"b","route_key":"r","role":"x"},
             {"user_id":"c","route_key":"s","role":null},{"user_id":"d","route_key":"r"},{"user_id":"e","role":"y"},
             {"user_id":"f","route_key":"\u0072","role":"y"}]}
            """;

        var read = (CheckBatchRequest)Read(new CheckBatchRequestReader(), json)!;

        Assert.That(
            read.Checks,
            Is.EqualTo(JsonSerializer.Deserialize<CheckBatchRequest>(json, Options)!.Checks)
        );
        Assert.That(read.Checks![1].Check!.RouteKey, Is.SameAs(read.Checks[0].Check!.RouteKey));
    }

    [TestCase("""{"checks":[{"user_id":1}]}""")]
    [TestCase("""{"checks":[null]}""")]
    [TestCase("""{"checks":null}""")]
    [TestCase("""{"checks":[],"more":1}""")]
    [TestCase("""{"check":[]}""")]
    [TestCase("{}")]
    [TestCase("[]")]
    public void Read_AnyOtherBatch_IsLeftToTheSerializer(string json) =>
        Assert.That(Read(new CheckBatchRequestReader(), json), Is.Null);

    private static object? Read(IJsonBodyReader reader, string json)
    {
        var bytes = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        return reader.Read(ref bytes);
    }

    private static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions();
        ApiJson.Configure(options);
        return options;
    }
}
