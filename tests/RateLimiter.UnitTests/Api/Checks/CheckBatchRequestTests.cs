using System.Text.Json;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Http.Json;

namespace RateLimiter.UnitTests.Api.Checks;

public sealed class CheckBatchRequestTests
{
    private static readonly JsonSerializerOptions Options = CreateOptions();

    [Test]
    public void Faults_NoList_AsksForIt() =>
        Assert.That(
            new CheckBatchRequest(null).Validate(),
            Contains.Key("checks").WithValue(new[] { "is required" })
        );

    [TestCase(0, false)]
    [TestCase(1, true)]
    [TestCase(1000, true)]
    [TestCase(1001, false)]
    public void Faults_SoManyChecks_MustBe1To1000(int count, bool right)
    {
        var request = new CheckBatchRequest([
            .. Enumerable.Repeat(new CheckBatchItem(null), count),
        ]);

        Assert.That(
            request.Validate()?["checks"],
            right ? Is.Null : Is.EqualTo(new[] { "must hold 1 to 1000 checks" })
        );
    }

    [Test]
    public void Faults_OfAnItem_AreThoseOfItsJsonOrOfItsFields()
    {
        var unread = new CheckBatchItem(
            null,
            KeyValuePair.Create("cost", "must be a whole number")
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                unread.Validate(),
                Contains.Key("cost").WithValue(new[] { "must be a whole number" })
            );
            Assert.That(
                new CheckBatchItem(new("alice", null, null)).Validate(),
                Contains.Key("route_key").WithValue(new[] { "is required" })
            );
            Assert.That(new CheckBatchItem(new("alice", "search", null)).Validate(), Is.Null);
        }
    }

    [TestCase("null", "body", "must be an object")]
    [TestCase("1", "body", "must be an object")]
    [TestCase("\"text\"", "body", "must be an object")]
    [TestCase("[]", "body", "must be an object")]
    [TestCase("[{}, [1]]", "body", "must be an object")]
    [TestCase("""{"user_id": 1}""", "user_id", "must be a string")]
    [TestCase("""{"user_id": {"a": [1, {"b": {}}]}}""", "user_id", "must be a string")]
    [TestCase("""{"cost": 1.5, "user_id": "a"}""", "cost", "must be a whole number")]
    [TestCase("""{"usr_id": "a"}""", "usr_id", "is unknown")]
    [TestCase("""{"cost": 1, "cost": 2}""", "cost", "must be given only once")]
    public void Read_FaultyItem_SaysWhatIsWrongAndSpoilsNoOther(
        string item,
        string field,
        string message
    )
    {
        const string right = """{"user_id": "alice", "route_key": "search"}""";

        var request = JsonSerializer.Deserialize<CheckBatchRequest>(
            $$"""{"checks": [{{right}}, {{item}}, {{right}}]}""",
            Options
        );

        var check = new CheckBatchItem(new CheckRequest("alice", "search", null));
        Assert.That(
            request!.Checks,
            Is.EqualTo(
                new[]
                {
                    check,
                    new CheckBatchItem(null, KeyValuePair.Create(field, message)),
                    check,
                }
            )
        );
    }

    [TestCase("""{"checks": [{"user_id": "a",}]}""")]
    [TestCase("""{"checks": [{"user_id": 1 "a"}]}""")]
    [TestCase("""{"checks": [{]}""")]
    [TestCase("""{"checks": [{"cost": 01}]}""")]
    public void Read_NoJson_FailsAsAWhole(string json)
    {
        var exception = Assert.Throws<JsonException>(() =>
            JsonSerializer.Deserialize<CheckBatchRequest>(json, Options)
        );

        Assert.That(
            JsonErrors.Describe(exception, Options.GetTypeInfo(typeof(CheckBatchRequest))).Message,
            Does.StartWith("is not valid JSON")
        );
    }

    [Test]
    public void Write_Item_IsTheCheckThatIsRead()
    {
        var item = new CheckBatchItem(new CheckRequest("alice", "search", "free", 7));

        var read = JsonSerializer.Deserialize<CheckBatchItem>(
            JsonSerializer.Serialize(item, Options),
            Options
        );

        Assert.That(read, Is.EqualTo(item));
    }

    private static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions();
        ApiJson.Configure(options);
        return options;
    }
}
