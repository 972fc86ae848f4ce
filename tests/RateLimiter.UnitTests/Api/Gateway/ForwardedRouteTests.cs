using FsCheck;
using FsCheck.Fluent;
using RateLimiter.Api.Gateway;
using RateLimiter.Domain;

namespace RateLimiter.UnitTests.Api.Gateway;

public sealed class ForwardedRouteTests
{
    /// <summary>Parts from which attackers build paths.</summary>
    private static readonly string[] Pieces =
    [
        "/",
        "\\",
        "%2f",
        "%5C",
        ".",
        "%2e",
        ";",
        "%3B",
        "%",
        "%25",
        "%2",
        "5",
        "?",
        "%3f",
        "#",
        "%23",
        "a",
        "B",
        "%61",
        "%C3%A4",
        "%ff",
        "ä",
        "\u0130",
        "\ud800",
        "%00",
        "://",
        " ",
    ];

    private static readonly Arbitrary<string> Paths = Gen.Elements(Pieces)
        .ListOf()
        .Select(string.Concat)
        .ToArbitrary();

    // The tables of docs/gateways.md.
    [TestCase("GET", "/orders", "GET /orders")]
    [TestCase("get", "/orders", "GET /orders")]
    [TestCase("HEAD", "/orders", "GET /orders")]
    [TestCase("POST", "/orders", "POST /orders")]
    [TestCase("OPTIONS", "*", "OPTIONS /*")]
    [TestCase("GET", "", "GET /")]
    [TestCase("GET", "/", "GET /")]
    [TestCase("GET", "/orders?page=2", "GET /orders")]
    [TestCase("GET", "/orders#top", "GET /orders")]
    [TestCase("GET", "/orders?a=/../b", "GET /orders")]
    [TestCase("GET", "https://shop.example/orders?page=2", "GET /orders")]
    [TestCase("GET", "https://shop.example", "GET /")]
    [TestCase("GET", "https://shop.example?a=/b", "GET /")]
    [TestCase("GET", "/https://shop.example/orders", "GET /https:/shop.example/orders")]
    [TestCase("GET", "/orders/", "GET /orders")]
    [TestCase("GET", "//orders///5", "GET /orders/5")]
    [TestCase("GET", "/./orders/.", "GET /orders")]
    [TestCase("GET", "/orders/../users", "GET /users")]
    [TestCase("GET", "/../../orders", "GET /orders")]
    [TestCase("GET", "/a/%2e%2E/orders", "GET /orders")]
    [TestCase("GET", "/a/..;/orders", "GET /orders")]
    [TestCase("GET", "/..a/...", "GET /..a/...")]
    [TestCase("GET", "/orders;v=1/5;x", "GET /orders/5")]
    [TestCase("GET", "/orders%3Bv=1", "GET /orders")]
    [TestCase("GET", "/%6frders", "GET /orders")]
    [TestCase("GET", "/%256frders", "GET /orders")]
    [TestCase("GET", "/%25%32%35%36frders", "GET /orders")]
    [TestCase("GET", "/a%2Fb", "GET /a/b")]
    [TestCase("GET", "/a\\b", "GET /a/b")]
    [TestCase("GET", "/a%5cb", "GET /a/b")]
    [TestCase("GET", "/Orders", "GET /orders")]
    [TestCase("GET", "/%C3%84RGER", "GET /ärger")]
    [TestCase("GET", "/ÄRGER", "GET /ärger")]
    [TestCase("GET", "/a%20b", "GET /a b")]
    [TestCase("GET", "/a+b", "GET /a+b")]
    [TestCase("GET", "/100%", "GET /100%")]
    [TestCase("GET", "/100%25", "GET /100%")]
    [TestCase("GET", "/what%3F", "GET /what%3f")]
    [TestCase("GET", "/x%3F/../orders", "GET /orders")]
    [TestCase("GET", "/c%23", "GET /c%23")]
    [TestCase("GET", "/%ff", "GET /\ufffd")]
    public void Of_Request_IsTheNameOfTheTable(string method, string uri, string route) =>
        Assert.That(ForwardedRoute.Of(method, uri), Is.EqualTo(route));

    [Test]
    public void PathOf_AnyText_IsAPathThatIsItsOwnName() =>
        Prop.ForAll(
                Paths,
                path =>
                {
                    var name = ForwardedRoute.PathOf(path);
                    return name.StartsWith('/')
                        && !name.Contains("//", StringComparison.Ordinal)
                        && ForwardedRoute.PathOf(name) == name;
                }
            )
            .QuickCheckThrowOnFailure();

    [Test]
    public void PathOf_OtherSpellingOfTheSame_IsTheSame() =>
        Prop.ForAll(
                Paths,
                path =>
                {
                    // Treated as a path, and not as a URI with an authority or a query.
                    var name = ForwardedRoute.PathOf(path);
                    return ForwardedRoute.PathOf(Encode(name)) == name
                        && ForwardedRoute.PathOf(Encode(Encode(name))) == name
                        && ForwardedRoute.PathOf(name.ToUpperInvariant().ToLowerInvariant()) == name
                        && ForwardedRoute.PathOf($"/a/..{name}/;x?y") == name
                        && ForwardedRoute.PathOf($"https://example.org{name}/.#z") == name
                        && ForwardedRoute.PathOf(name.Replace("/", "\\/", StringComparison.Ordinal))
                            == name;
                }
            )
            .QuickCheckThrowOnFailure();

    [Test]
    public void Of_EncodedOverAndOver_TakesNoLongerThanItIsLong()
    {
        // The longest path that fits into the headers of a request. One decoding pass for each level of encoding would take a
        // minute.
        var path = $"/%{string.Concat(Enumerable.Repeat("25", 1_000_000))}61";

        Assert.That(ForwardedRoute.Of("GET", path), Is.EqualTo("GET /a"));
    }

    [Test]
    public void Of_Anything_HasNoLengthThatMakesItAnotherPolicysName()
    {
        var path = $"/{new string('a', Names.MaxRouteLength)}";

        // The name is not truncated: paths with the same beginning are different routes.
        Assert.That(ForwardedRoute.Of("GET", path), Has.Length.GreaterThan(Names.MaxRouteLength));
    }

    private static string Encode(string path) =>
        string.Join(
            '/',
            path.Split('/')
                .Select(segment =>
                    Uri.EscapeDataString(segment).Replace(".", "%2e", StringComparison.Ordinal)
                )
        );
}
