using RateLimiter.Api.Dashboard.Sessions;

namespace RateLimiter.UnitTests.Api.Dashboard;

public sealed class SignInTests
{
    [TestCase("/dashboard/")]
    [TestCase("/dashboard/logs?user=a%26b&verdict=denied")]
    [TestCase("/dashboard/users/a%2Fb")]
    public void Safe_PageOfTheDashboard_IsLeft(string returnTo) =>
        Assert.That(SignIn.Safe(returnTo), Is.EqualTo(returnTo));

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
        Assert.That(SignIn.Safe(returnTo), Is.EqualTo("/dashboard/"));
}
