using System.Buffers;
using System.Text;
using System.Text.Json;
using RateLimiter.Api.Http.Json;
using RateLimiter.Api.Http.Yaml;
using RateLimiter.Api.Policies;
using RateLimiter.Application.Policies;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Api.Policies;

public sealed class PolicySetDocumentTests
{
    private static readonly SavePolicyRequest Right = new()
    {
        RouteKey = "search",
        Limit = 10,
        WindowSeconds = 60,
    };
    private static readonly JsonSerializerOptions Options = CreateOptions();

    private static readonly Policy[] Policies =
    [
        TestData.Policy(),
        TestData.Policy(
            "yes",
            "null",
            " two\nlines: 'and' \"quotes\" # 😀\n",
            false,
            PolicyMode.Shadow
        ),
        TestData.Policy("123", "1e3", "", onStoreFailure: StoreFailureMode.Local),
        TestData.Policy(
            "a: b",
            "- c",
            limits: TestData.Limit("default", 7, 90, Algorithm.TokenBucket, 3)
        ),
        TestData.Policy("~", "*", limits: [TestData.Limit("60s", 1), TestData.Limit("y", 2, 61)]),
        TestData.Policy("of all", limits: TestData.Limit(per: [])),
        TestData.Policy(
            "of members",
            limits:
            [
                TestData.Limit("a", per: ["org"]),
                TestData.Limit("b", per: ["org", "user_id"], whenMissing: MissingSubjects.Skip),
            ]
        ),
        TestData.Policy("{}", "&a", limits: [TestData.Limit("60s", 1, 60, Algorithm.LeakyBucket)]),
    ];

    [Test]
    public void ToJson_Policies_AreReadBackAsTheyWere() =>
        MustSayTheSame(
            JsonSerializer.Deserialize<PolicySetDocument>(
                PolicySetDocument.Of(new PolicyList(1, Policies)).ToJson(),
                Options
            )!
        );

    [Test]
    public void ToYaml_Policies_AreReadBackAsTheyWere()
    {
        var yaml = PolicySetDocument.Of(new PolicyList(1, Policies)).ToYaml();
        var json = new ArrayBufferWriter<byte>();

        YamlReader.Read(Encoding.UTF8.GetString(yaml), json);

        MustSayTheSame(JsonSerializer.Deserialize<PolicySetDocument>(json.WrittenSpan, Options)!);
    }

    [Test]
    public void ToYaml_Policy_IsALineForEachField() =>
        Assert.That(
            Encoding.UTF8.GetString(
                PolicySetDocument.Of(new PolicyList(1, [TestData.Policy("search", "pro")])).ToYaml()
            ),
            Is.EqualTo(
                """
                policies:
                - route_key: search
                  role: pro
                  limit: 10
                  window_seconds: 60
                  algorithm: fixed_window
                  is_active: true
                  mode: enforce

                """
            )
        );

    [Test]
    public void ToJson_Letters_StayAsTheyAre() =>
        Assert.That(
            Encoding.UTF8.GetString(
                PolicySetDocument.Of(new PolicyList(1, [TestData.Policy("größe & <b>")])).ToJson()
            ),
            Does.Contain("\"größe & <b>\"")
        );

    [Test]
    public void Faults_RightPolicies_AreNone() =>
        Assert.That(
            new PolicySetDocument([Right, Right with { Role = "free" }]).Validate(),
            Is.Null
        );

    [Test]
    public void Faults_NoList_IsRequired() =>
        Assert.That(
            new PolicySetDocument(null).Validate(),
            Is.EqualTo(new Dictionary<string, string[]> { ["policies"] = ["is required"] })
        );

    [Test]
    public void Faults_SeveralPolicies_AreNamedByTheirPlace() =>
        Assert.That(
            new PolicySetDocument([
                Right,
                null,
                Right with
                {
                    RouteKey = "b",
                    Limit = -1,
                },
                Right with
                {
                    Role = "default",
                },
            ]).Validate(),
            Is.EqualTo(
                new Dictionary<string, string[]>
                {
                    ["policies[1]"] = ["must be an object"],
                    ["policies[2].Limit"] = ["must be from 0 to 1000000000"],
                    ["policies[3]"] = ["is for the same route and role as policies[0]"],
                }
            )
        );

    [Test]
    public void Faults_InEachOfMany_AreToldUpToAHundred() =>
        Assert.That(
            new PolicySetDocument([
                .. Enumerable.Repeat<SavePolicyRequest?>(null, 1000),
            ]).Validate(),
            Has.Count.EqualTo(100)
        );

    [Test]
    public void Add_OneTooMany_IsRefusedInWordsOfTheApi()
    {
        var json = $"{{\"policies\":[{string.Join(',', Enumerable.Repeat("{}", 100_001))}]}}";
        var exception = Assert.Throws<JsonContentException>(() =>
            JsonSerializer.Deserialize<PolicySetDocument>(json, Options)
        );

        Assert.That(
            JsonErrors.Describe(exception, Options.GetTypeInfo(typeof(PolicySetDocument))),
            Is.EqualTo(("policies[100000]", "is beyond the 100000 that a document can hold"))
        );
    }

    private static void MustSayTheSame(PolicySetDocument document)
    {
        Assert.That(document.Validate(), Is.Null);
        Assert.That(
            document
                .ToDefinitions()
                .Zip(Policies)
                .Where(pair => !pair.First.IsEquivalentTo(pair.Second.Definition)),
            Is.Empty
        );
        Assert.That(document.Policies, Has.Count.EqualTo(Policies.Length));
    }

    private static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions();
        ApiJson.Configure(options);
        return options;
    }
}
