using Microsoft.AspNetCore.Http;
using RateLimiter.Dashboard.SigningIn;

namespace RateLimiter.UnitTests.Dashboard.SigningIn;

public sealed class SignInTests
{
    [TestCase("/dashboard/")]
    [TestCase("/dashboard/logs?user=a%26b&verdict=denied")]
    [TestCase("/dashboard/users/a%2Fb")]
    public void Safe_PageOfTheDashboard_IsLeft(string returnTo) =>
        Assert.That(SignIn.Safe(At("/dashboard"), returnTo), Is.EqualTo(returnTo));

    [TestCase(null)]
    [TestCase("")]
    [TestCase("/")]
    [TestCase("/dashboardx/")]
    [TestCase("//example.org/dashboard/")]
    [TestCase("https://example.org/dashboard/")]
    [TestCase("/dashboard/\\example.org")]
    [TestCase("/dashboard/ logs")]
    [TestCase("/dashboard/\r\nX: y")]
    [TestCase("/dashboard/ü")]
    public void Safe_AnythingElse_IsTheOverview(string? returnTo) =>
        Assert.That(SignIn.Safe(At("/dashboard"), returnTo), Is.EqualTo("/dashboard/"));

    [TestCase("/limits/dashboard/logs", "/limits/dashboard/logs")]
    [TestCase("/dashboard/logs", "/limits/dashboard/")]
    [TestCase("/limits/dashboardx/", "/limits/dashboard/")]
    public void Safe_BelowAPath_IsAPageBelowIt(string returnTo, string safe) =>
        Assert.That(SignIn.Safe(At("/limits/dashboard"), returnTo), Is.EqualTo(safe));

    private static DefaultHttpContext At(string path) => new() { Request = { PathBase = path } };
}
