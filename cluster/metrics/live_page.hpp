#pragma once

namespace troupe {

/// The page that follows a run, its style and its script: live.html, live.css (behind the style of
/// `troupe report`) and live_parts.js with live.js beside
/// this file.
extern const char* const live_page;
extern const char* const live_style;
extern const char* const live_script;

}  // namespace troupe
