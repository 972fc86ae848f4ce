using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;

namespace RateLimiter.Dashboard.Components;

public sealed partial class DocumentHead
{
    private static readonly (string Name, string File)[] Themes =
    [
        ("light", "standard"),
        ("dark", "standard-dark"),
    ];

    /// <summary>The shared sheets, then that of all components, which the build puts together.</summary>
    private static readonly string[] Sheets =
    [
        "styles/theme",
        "styles/base",
        "styles/buttons",
        "styles/panels",
        "styles/tables",
        "styles/forms",
        "styles/charts",
        "styles/entrance",
        "RateLimiter.Dashboard.bundle.scp",
    ];

    [CascadingParameter]
    private HttpContext Context { get; set; } = null!;
}
