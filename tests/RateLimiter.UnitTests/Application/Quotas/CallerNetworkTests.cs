using System.Net;
using RateLimiter.Application.Quotas;

namespace RateLimiter.UnitTests.Application.Quotas;

public sealed class CallerNetworkTests
{
    [TestCase("192.0.2.7", "192.0.2.7")]
    [TestCase("::ffff:192.0.2.7", "192.0.2.7", Description = "mapped into IPv6")]
    [TestCase("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
    [TestCase("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64")]
    [TestCase("2001:db8:1:2::", "2001:db8:1:2::/64")]
    [TestCase("2001:db8:1:3::", "2001:db8:1:3::/64")]
    [TestCase("::1", "::/64")]
    [TestCase("fe80::1%2", "fe80::/64")]
    public void Of_Address_IsTheNetworkOfItsOwner(string address, string network) =>
        Assert.That(CallerNetwork.Of(IPAddress.Parse(address)), Is.EqualTo(network));
}
