using System.Numerics;
using System.Text;

namespace RateLimiter.ApiTests.Http;

/// <summary>Authentication by API key.</summary>
public sealed class AuthenticationTests : ServiceFixture
{
    private const string ValidCheck = """{"user_id":"u","route_key":"r"}""";

    private static readonly object[] Operations =
    [
        new object?[] { "POST", "/policy", """{"route_key":"r","limit":1,"window_seconds":1}""" },
        new object?[] { "GET", "/policy", null },
        new object?[] { "DELETE", "/policy", """{"route_key":"r"}""" },
        new object?[] { "POST", "/check", ValidCheck },
        new object?[] { "GET", "/logs/latest", null },
    ];

    [TestCaseSource(nameof(Operations))]
    [Contract("401 missing key (with WWW-Authenticate: ApiKey)")]
    public async Task AnyOperation_WithoutKey_AnswersUnauthorized(
        string method,
        string path,
        string? body
    )
    {
        MustBeUnauthorized(await Visitor.SendAsync(new HttpMethod(method), path, body));
    }

    [TestCaseSource(nameof(Operations))]
    [Contract("401 unknown key (with WWW-Authenticate: ApiKey)")]
    public async Task AnyOperation_WithKeyOfNobody_AnswersUnauthorized(
        string method,
        string path,
        string? body
    )
    {
        var key = Forge("0000000000000000");

        MustBeUnauthorized(
            await Visitor.SendAsync(new HttpMethod(method), path, body, ("X-API-Key", key))
        );
    }

    [TestCaseSource(nameof(Operations))]
    [Contract("401 unknown key (with WWW-Authenticate: ApiKey)")]
    public async Task AnyOperation_WithMadeUpKeyOfAClient_AnswersUnauthorized(
        string method,
        string path,
        string? body
    )
    {
        var key = Forge(Client.Id);

        MustBeUnauthorized(
            await Visitor.SendAsync(new HttpMethod(method), path, body, ("X-API-Key", key))
        );
    }

    [TestCase("")]
    [TestCase("x")]
    [TestCase("rl_")]
    [TestCase("*")]
    [Contract("401 unknown key")]
    public async Task Check_WithWhatIsNoKey_AnswersUnauthorized(string key)
    {
        MustBeUnauthorized(await CheckWithAsync(key));
    }

    [Test]
    [Contract("401 unknown key")]
    public async Task Check_WithMistypedKey_AnswersUnauthorized(
        [Values(0, 5, 19, 30, 68)] int position
    )
    {
        var key = new StringBuilder(Client.Key);
        key[position] = key[position] == 'x' ? 'y' : 'x';

        MustBeUnauthorized(await CheckWithAsync(key.ToString()));
    }

    [Test]
    [Contract("API keys are compared as they are")]
    public async Task Check_WithKeyInOtherCaseOrLength_AnswersUnauthorized()
    {
        MustBeUnauthorized(await CheckWithAsync(Client.Key.ToUpperInvariant()));
        MustBeUnauthorized(await CheckWithAsync(Client.Key + "x"));
        MustBeUnauthorized(await CheckWithAsync(Client.Key[..^1]));
    }

    [Test]
    [Contract("Authentication: header X-API-Key, one")]
    public async Task Check_WithTwoKeys_AnswersUnauthorized()
    {
        var answer = await Client.SendAsync(
            HttpMethod.Post,
            "/check",
            ValidCheck,
            ("X-API-Key", Client.Key)
        );

        MustBeUnauthorized(answer);
    }

    [Test]
    [Contract("Authentication: header X-API-Key, and nowhere else")]
    public async Task ListPolicies_WithKeyInQuery_AnswersUnauthorized()
    {
        MustBeUnauthorized(await Visitor.GetAsync($"/policy?api_key={Client.Key}"));
    }

    [Test]
    [Contract("401 takes precedence over validation errors")]
    public async Task Check_MalformedBodyWithoutKey_AnswersUnauthorized()
    {
        MustBeUnauthorized(await Visitor.PostAsync("/check", "{"));
    }

    [TestCase("/docs/index.html")]
    [TestCase("/openapi.json")]
    [TestCase("/health/live")]
    [TestCase("/health/ready")]
    [Contract("Authentication is not needed: /docs, /openapi.json, /health/*")]
    public async Task PublicPage_WithoutKey_Answers(string path)
    {
        (await Visitor.GetAsync(path)).MustBeOk();
    }

    private Task<Answer> CheckWithAsync(string key) =>
        Visitor.SendAsync(HttpMethod.Post, "/check", ValidCheck, ("X-API-Key", key));

    private static void MustBeUnauthorized(Answer answer)
    {
        answer.MustBeProblem(401);
        Assert.That(answer.Headers["WWW-Authenticate"], Is.EqualTo("ApiKey"));
    }

    // A key that only the store can reject: its checksum (CRC-32C in base 62) is valid.
    internal static string Forge(string client)
    {
        const string alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        var body = $"rl_{client}_{"0".Times(43)}";
        var crc = ~Encoding.ASCII.GetBytes(body).Aggregate(uint.MaxValue, BitOperations.Crc32C);
        var checksum = new char[6];
        for (var i = checksum.Length - 1; i >= 0; i--)
        {
            (crc, var digit) = Math.DivRem(crc, 62);
            checksum[i] = alphabet[(int)digit];
        }

        return body + new string(checksum);
    }
}
