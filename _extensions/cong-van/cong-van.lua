--[[
The layout of an official letter (công văn, Nghị định 30/2020/NĐ-CP) for html, typst and docx.

What the office is called, who signs and who receives stands in the metadata `cong-van`
(README.md lists the fields). The document marks its parts:

  ::: {.truong name="subject"}    a field of the letter that the text itself fills
  ::: {.chu-ky}                   where the signature and "Nơi nhận" go
  ::: {.phu-luc #id orientation="landscape"}   an appendix: pages and page numbers of its own
  ::: {.phan-tich #id}            an annex, treated alike
  ::: {.ten-phu-luc}              an appendix's title
  ## 1. Về … {tables="pakn"}      a part that stands only where one of the tables is there
  ::: {.ket}                      words after the last such part, which do not belong to it

Every text from the metadata is escaped here, for the format it goes to.
]]

local stringify = pandoc.utils.stringify
local NBSP = "\u{a0}"

local format = (FORMAT:match("^html") and "html")
  or (FORMAT:match("^typst") and "typst")
  or (FORMAT:match("^docx") and "docx")
  or FORMAT

-- Small letters without their marks.
local PLAIN = {
  { "àáảãạăằắẳẵặâầấẩẫậ", "a" }, { "èéẻẽẹêềếểễệ", "e" }, { "ìíỉĩị", "i" },
  { "òóỏõọôồốổỗộơờớởỡợ", "o" }, { "ùúủũụưừứửữự", "u" }, { "ỳýỷỹỵ", "y" }, { "đ", "d" },
}
local function unmarked(value)
  for _, pair in ipairs(PLAIN) do
    for _, code in utf8.codes(pair[1]) do value = value:gsub(utf8.char(code), pair[2]) end
  end
  return value
end

-- Metadata ---------------------------------------------------------------------------------

local letter = {}

local function text(key, default)
  local value = letter[key]
  if value == nil then return default or "" end
  local plain = stringify(value):gsub("%s+", " "):gsub("^ ", ""):gsub(" $", "")
  if plain == "" then return default or "" end
  return plain
end

local function as_list(value)
  if value == nil then return {} end
  if pandoc.utils.type(value) == "List" then return value end
  return { value }
end

local function texts(key)
  local out = {}
  for _, item in ipairs(as_list(letter[key])) do out[#out + 1] = stringify(item) end
  return out
end

-- `noi-nhan` as {text, sub = {…}}: an item is a text, or a map of one text to its own list.
local function copies()
  local out = {}
  for _, item in ipairs(as_list(letter["noi-nhan"])) do
    if pandoc.utils.type(item) == "table" then
      local names = {}
      for name in pairs(item) do names[#names + 1] = name end
      table.sort(names)
      for _, name in ipairs(names) do
        local sub = {}
        for _, under in ipairs(as_list(item[name])) do sub[#sub + 1] = stringify(under) end
        out[#out + 1] = { text = name, sub = sub }
      end
    else
      out[#out + 1] = { text = stringify(item), sub = {} }
    end
  end
  return out
end

-- Lines of a list with their end marks: ";" after each, "." after the last.
local function ended(items)
  local out = {}
  for index, item in ipairs(items) do
    local bare = item:gsub("[%s;.,]+$", "")
    out[index] = bare .. (index == #items and "." or ";")
  end
  return out
end

-- The lines of "Nơi nhận": {level, text}.
local function copy_lines()
  local flat = {}
  for _, item in ipairs(copies()) do
    if #item.sub > 0 then
      flat[#flat + 1] = { level = 1, text = item.text:gsub(":?$", "") .. ":" }
      for _, under in ipairs(item.sub) do flat[#flat + 1] = { level = 2, text = under } end
    else
      flat[#flat + 1] = { level = 1, text = item.text }
    end
  end
  for index, line in ipairs(flat) do
    if not line.text:match(":$") then
      local bare = line.text:gsub("[%s;.,]+$", "")
      line.text = bare .. (index == #flat and "." or ";")
    end
  end
  return flat
end

-- Room to write in; on a screen, where nobody writes, an ellipsis.
local function blanks(count, screen)
  if format == "html" then return screen or "…" end
  return NBSP:rep(count)
end

local function two(number)
  number = tonumber(number)
  return number < 10 and ("0" .. number) or tostring(number)
end

-- Numbers below 10 and months 1 and 2 take a 0 before them; other months do not.
local function day_text(blank)
  local year, month, day = text("date"):match("^(%d%d%d%d)%-(%d%d?)%-(%d%d?)")
  if year then
    local of_year = tonumber(month) <= 2 and two(month) or tostring(tonumber(month))
    return "ngày " .. two(day) .. " tháng " .. of_year .. " năm " .. year
  end
  local given = text("year")
  if given == "" then given = blanks(blank + 2) end
  return "ngày" .. blanks(blank, " … ") .. "tháng" .. blanks(blank, " … ") .. "năm " .. given
end

local function number_text(blank)
  local number = text("number")
  if number:match("^%d$") then number = "0" .. number end
  if number == "" then number = blanks(blank) end
  return number .. "/" .. text("symbol")
end

local function head_fields()
  local place = text("place")
  return {
    nation = text("nation", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
    motto = text("motto", "Độc lập - Tự do - Hạnh phúc"),
    superior = pandoc.text.upper(text("superior")),
    issuer = pandoc.text.upper(text("issuer", text("issuer-name"))),
    number = "Số:" .. ((text("number") ~= "" or format == "html") and " " or "") .. number_text(6),
    place_date = (place == "" and "" or place .. ", ") .. day_text(4),
    subject = text("subject") == "" and "" or "V/v " .. text("subject"),
    recipients = texts("recipients"),
  }
end

local function enclosed_text()
  return "(Kèm theo Công văn số " .. number_text(6) .. " " .. day_text(4)
    .. " của " .. text("issuer-name", text("issuer")) .. ")"
end

local function signer()
  local of = letter.signer or {}
  local function part(key)
    local lines = {}
    for _, item in ipairs(as_list(of[key])) do lines[#lines + 1] = stringify(item) end
    return lines
  end
  local capacity = part("authority")
  for _, title in ipairs(part("title")) do capacity[#capacity + 1] = title end
  for index, line in ipairs(capacity) do capacity[index] = pandoc.text.upper(line) end
  return { capacity = capacity, name = part("name")[1] or "" }
end

-- Writers ----------------------------------------------------------------------------------

local typst, docx, html = {}, {}, {}
local writers = { typst = typst, docx = docx, html = html }

-- A paragraph that is bold from end to end heads what follows it.
local function is_run_in(block)
  return block.t == "Para" and #block.content == 1 and block.content[1].t == "Strong"
end

-- Whether a table is what a block begins with, or where `last` what it ends with.
local function has_table(block, last)
  while block and block.t == "Div" do block = block.content[last and #block.content or 1] end
  return block ~= nil and block.t == "Table"
end

-- A paragraph that ends with a colon leads to what follows it.
local function is_lead(block, next)
  return block.t == "Para" and next ~= nil and stringify(block.content):match(":%s*$") ~= nil
end

local function raw(kind, content) return pandoc.RawBlock(kind, content) end

-- typst: the functions are those of typst-template.typ; texts go in as string literals.

local function literal(value)
  return '"' .. value:gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("%c", " ") .. '"'
end

local function array(values)
  local out = {}
  for _, value in ipairs(values) do out[#out + 1] = literal(value) .. "," end
  return "(" .. table.concat(out, " ") .. ")"
end

function typst.head()
  local f = head_fields()
  return { raw("typst", table.concat({
    "#letter-head(",
    "  nation: " .. literal(f.nation) .. ",",
    "  motto: " .. literal(f.motto) .. ",",
    "  superior: " .. literal(f.superior) .. ",",
    "  issuer: " .. literal(f.issuer) .. ",",
    "  number: " .. literal(f.number) .. ",",
    "  place-date: " .. literal(f.place_date) .. ",",
    "  subject: " .. literal(f.subject) .. ",",
    ")",
    "#salutation(" .. array(ended(f.recipients)) .. ")",
  }, "\n")) }
end

function typst.keep(block)
  return pandoc.List({ raw("typst", "#keep["), block, raw("typst", "]") })
end

-- A heading's footnote stands beside it, not in it: in it, it would be part of the bookmark.
local function heading_notes(doc)
  return doc:walk({
    Header = function(h)
      local notes = pandoc.List()
      local words = h.content:filter(function(inline)
        if inline.t == "Note" then notes:extend(inline.content) end
        return inline.t ~= "Note"
      end)
      if #notes == 0 then return nil end
      h.content = words
      local out = pandoc.List({ raw("typst", "#heading-note[") })
      out:extend(notes)
      out:insert(raw("typst", "]"))
      out:insert(h)
      return out
    end,
  })
end

-- pandoc's writer leaves out the alternative text, which a tagged PDF must have.
local function image(img)
  local alt = stringify(img.caption)
  if alt == "" then alt = img.title end
  local parts = { literal(img.src), "alt: " .. literal(alt) }
  for _, side in ipairs({ "width", "height" }) do
    local value = img.attributes[side]
    if value then
      local pixels = value:match("^([%d.]+)px$") or value:match("^([%d.]+)$")
      parts[#parts + 1] = side .. ": " .. (pixels and (pixels * 0.75 .. "pt") or value)
    end
  end
  return pandoc.RawInline("typst", "#box(image(" .. table.concat(parts, ", ") .. "))")
end

-- Quarto takes the figure around a table away, and with it size and caption: it is put here.
local function captioned(tbl)
  local name = tbl.identifier == "" and "" or " <" .. tbl.identifier .. ">"
  local caption = pandoc.utils.blocks_to_inlines(tbl.caption.long)
  local out = pandoc.List({ raw("typst", "#table-figure[") })
  if #caption > 0 then
    out = pandoc.List({
      raw("typst", "#table-figure(caption: ["), pandoc.Plain(caption), raw("typst", "])["),
    })
  end
  tbl.identifier = ""
  tbl.caption = { long = {} }
  tbl.classes:insert("typst:no-figure")
  out:extend({ tbl, raw("typst", "]" .. name) })
  return out
end

function typst.prepare(doc)
  return heading_notes(doc):walk({ Image = image, Table = captioned })
end

-- Run-in headings stay with what they head, and a lead with what it leads to.
function typst.body(blocks)
  local out = pandoc.List()
  for at, block in ipairs(blocks) do
    if is_run_in(block) or is_lead(block, blocks[at + 1]) then
      out:extend(typst.keep(block))
    elseif block.t == "Div" then
      block.content = typst.body(block.content)
      out:insert(block)
    else
      out:insert(block)
    end
  end
  return out
end

function typst.signature()
  local who, lines = signer(), {}
  for _, line in ipairs(copy_lines()) do
    lines[#lines + 1] = "(level: " .. line.level .. ", body: " .. literal(line.text) .. "),"
  end
  return { raw("typst", table.concat({
    "#signature-block(",
    "  copies: (" .. table.concat(lines, " ") .. "),",
    "  capacity: " .. array(who.capacity) .. ",",
    "  name: " .. literal(who.name) .. ",",
    ")",
  }, "\n")) }
end

function typst.appendix(div, heading, title, body)
  local flipped = div.attributes.orientation == "landscape"
  local out = pandoc.List({ raw("typst", "#appendix(flipped: " .. tostring(flipped) .. ")[") })
  if heading then
    out:insert(raw("typst", "#appendix-head["))
    out:insert(heading)
    out:insert(raw("typst", "]"))
  end
  if title then
    out:insert(raw("typst", "#appendix-title["))
    out:extend(title)
    out:insert(raw("typst", "]"))
  end
  out:insert(raw("typst", "#appendix-enclosed(" .. literal(enclosed_text()) .. ")"))
  out:extend(typst.body(body))
  out:insert(raw("typst", "]"))
  return out
end

-- docx: real paragraphs in the styles of reference.docx, named by their ids.

local MM = 1440 / 25.4
local TEXT_WIDTH = math.floor(165 * MM + 0.5)
local HEADER_ID = "rId9"

local function xml(value)
  return (value:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;"):gsub('"', "&quot;")
    :gsub("%c", " "))
end

local function paragraph(style, value, extra)
  local run = value == "" and ""
    or '<w:r><w:t xml:space="preserve">' .. xml(value) .. "</w:t></w:r>"
  return '<w:p><w:pPr><w:pStyle w:val="' .. style .. '"/>' .. (extra or "") .. "</w:pPr>"
    .. run .. "</w:p>"
end

local function indent(left, right)
  return '<w:ind w:left="' .. math.floor(left) .. '" w:right="' .. math.floor(right)
    .. '" w:firstLine="0"/>'
end

-- Advance widths of the bold Times face in thousandths of an em, for the length of the rules. A
-- mark above or below a letter adds nothing to it; the horn of ơ and ư does.
local WIDTHS = {
  [" "] = 250, ["-"] = 333, [","] = 250, ["."] = 250, ["/"] = 278, ["&"] = 833, ["("] = 333,
  [")"] = 333, A = 722, B = 667, C = 722, D = 722, E = 667, F = 611, G = 778, H = 778, I = 389,
  J = 500, K = 778, L = 667, M = 944, N = 722, O = 778, P = 611, Q = 778, R = 722, S = 556,
  T = 667, U = 722, V = 722, W = 1000, X = 722, Y = 722, Z = 667, a = 500, b = 556, c = 444,
  d = 556, e = 444, f = 333, g = 500, h = 556, i = 278, j = 333, k = 556, l = 278, m = 833,
  n = 556, o = 500, p = 556, q = 556, r = 444, s = 389, t = 333, u = 556, v = 500, w = 722,
  x = 500, y = 500, z = 444,
}
local HORNED = "ơờớởỡợưừứửữự"

local function bold_width(value, points)
  local total = 0
  for _, code in utf8.codes(value) do
    local char = utf8.char(code)
    local small = pandoc.text.lower(char)
    local base = unmarked(small)
    if char ~= small then base = base:upper() end
    total = total + (WIDTHS[base] or 500) + (HORNED:find(small, 1, true) and 50 or 0)
  end
  return total / 1000 * points * 20
end

local function rule(width, length)
  local side = math.max(0, (width - length) / 2)
  return paragraph("KeNgang", "", indent(side, side))
end

local function cell(width, content)
  return '<w:tc><w:tcPr><w:tcW w:w="' .. width .. '" w:type="dxa"/></w:tcPr>' .. content
    .. "</w:tc>"
end

local function layout_table(widths, rows, label)
  local grid, total = "", 0
  for _, width in ipairs(widths) do
    grid = grid .. '<w:gridCol w:w="' .. width .. '"/>'
    total = total + width
  end
  local body = ""
  for _, row in ipairs(rows) do
    local cells = ""
    for index, content in ipairs(row) do cells = cells .. cell(widths[index], content) end
    body = body .. "<w:tr><w:trPr><w:cantSplit/></w:trPr>" .. cells .. "</w:tr>"
  end
  return '<w:tbl><w:tblPr><w:tblStyle w:val="BoTri"/><w:tblW w:w="' .. total
    .. '" w:type="dxa"/><w:jc w:val="center"/><w:tblLayout w:type="fixed"/>'
    .. '<w:tblLook w:val="0000"/><w:tblDescription w:val="' .. xml(label)
    .. '"/></w:tblPr><w:tblGrid>' .. grid .. "</w:tblGrid>" .. body .. "</w:tbl>"
end

function docx.head()
  local f = head_fields()
  local right = math.floor(89.5 * MM + 0.5)
  local left = TEXT_WIDTH - right
  local issuer = math.min(bold_width(f.issuer, 12), left)
  local above = f.superior == "" and "" or paragraph("CoQuanChuQuan", f.superior)
  local subject = f.subject == "" and "" or paragraph("TrichYeu", f.subject)
  local out = { layout_table({ left, right }, {
    {
      above .. paragraph("CoQuanBanHanh", f.issuer) .. rule(left, issuer * 0.42),
      paragraph("QuocHieu", f.nation) .. paragraph("TieuNgu", f.motto)
        .. rule(right, bold_width(f.motto, 13)),
    },
    {
      paragraph("SoKyHieu", f.number) .. subject,
      paragraph("DiaDanhNgayThang", f.place_date),
    },
  }, "Phần đầu của công văn") }
  local to = ended(f.recipients)
  if #to == 1 then
    out[#out + 1] = paragraph("KinhGui", "Kính gửi: " .. f.recipients[1], '<w:jc w:val="center"/>')
  elseif #to > 1 then
    out[#out + 1] = paragraph("KinhGui", "Kính gửi:")
    for _, line in ipairs(to) do out[#out + 1] = paragraph("KinhGuiDong", "- " .. line) end
  end
  return { raw("openxml", table.concat(out, "\n")) }
end

function docx.signature()
  local who = signer()
  local left = math.floor(92 * MM + 0.5)
  local notes = paragraph("NoiNhanNhan", "Nơi nhận:")
  for _, line in ipairs(copy_lines()) do
    local mark = line.level == 1 and "- " or "+ "
    notes = notes .. paragraph(line.level == 1 and "NoiNhan" or "NoiNhanCon", mark .. line.text)
  end
  local sign = ""
  for _, line in ipairs(who.capacity) do sign = sign .. paragraph("QuyenHan", line) end
  sign = sign .. paragraph("ChoKy", "") .. paragraph("HoTen", who.name)
  return { raw("openxml",
    layout_table({ left, TEXT_WIDTH - left }, { { notes, sign } }, "Chữ ký và nơi nhận")) }
end

local function section(landscape)
  local size = landscape and '<w:pgSz w:w="16838" w:h="11906" w:orient="landscape"/>'
    or '<w:pgSz w:w="11906" w:h="16838"/>'
  local margin = landscape
    and '<w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="1134" '
    or '<w:pgMar w:top="1134" w:right="851" w:bottom="1134" w:left="1701" '
  return '<w:sectPr><w:headerReference w:type="default" r:id="' .. HEADER_ID .. '"/>'
    .. '<w:type w:val="nextPage"/>' .. size .. margin
    .. 'w:header="567" w:footer="567" w:gutter="0"/><w:pgNumType w:start="1"/><w:titlePg/>'
    .. "</w:sectPr>"
end

-- The end of a section: an empty paragraph that takes no room, with the section's properties.
local function section_end(landscape)
  return raw("openxml", '<w:p><w:pPr><w:pStyle w:val="CuoiPhan"/>' .. section(landscape)
    .. "</w:pPr></w:p>")
end

local function styled(style, blocks)
  return pandoc.Div(blocks, pandoc.Attr("", {}, { ["custom-style"] = style }))
end

-- A list each of whose items is one paragraph.
local function is_simple(list)
  for _, item in ipairs(list.content) do
    if #item ~= 1 or (item[1].t ~= "Para" and item[1].t ~= "Plain") then return false end
  end
  return true
end

-- Body paragraphs get the style "Nội dung"; those of lists, quotes and tables keep theirs.
local function body_style(blocks)
  local out = pandoc.List()
  for at, block in ipairs(blocks) do
    if is_run_in(block) then
      out:insert(styled("Đề mục", { block }))
    elseif is_lead(block, blocks[at + 1]) then
      out:insert(styled("Lời dẫn", { block }))
    elseif block.t == "Para" then
      out:insert(styled("Nội dung", { block }))
    elseif block.t == "BulletList" and is_simple(block) then
      -- As a letter is typed: a paragraph that begins with a dash.
      for _, item in ipairs(block.content) do
        local inlines = pandoc.List({ pandoc.Str("-"), pandoc.Str(NBSP) })
        inlines:extend(item[1].content)
        out:insert(styled("Nội dung", { pandoc.Para(inlines) }))
      end
    elseif block.t == "Div" and not block.attributes["custom-style"] then
      block.content = body_style(block.content)
      out:insert(block)
    else
      out:insert(block)
    end
    -- Two tables that touch become one in Word.
    if has_table(block, true) and has_table(blocks[at + 1]) then
      out:insert(raw("openxml", paragraph("BangGhiChu", "")))
    end
  end
  return out
end

docx.body = body_style

-- The heading of an appendix is centred, which pandoc's own headings are not. Its id becomes a
-- bookmark, which links find.
local bookmarks = 9000
function docx.part_heading(heading)
  local before, after = "", ""
  if heading.identifier ~= "" then
    bookmarks = bookmarks + 1
    before = '<w:bookmarkStart w:id="' .. bookmarks .. '" w:name="' .. xml(heading.identifier)
      .. '"/>'
    after = '<w:bookmarkEnd w:id="' .. bookmarks .. '"/>'
  end
  return '<w:p><w:pPr><w:pStyle w:val="TieuDePhuLuc"/></w:pPr>' .. before
    .. '<w:r><w:t xml:space="preserve">' .. xml(stringify(heading.content))
    .. "</w:t></w:r>" .. after .. "</w:p>"
end

function docx.keep(block)
  return pandoc.List({ styled("Lời kết", { block }) })
end

function docx.appendix(_, heading, title, body)
  local out = pandoc.List()
  if heading then out:insert(raw("openxml", docx.part_heading(heading))) end
  if title then out:insert(styled("Tên phụ lục", title)) end
  out:insert(raw("openxml", paragraph("KemTheo", enclosed_text())))
  out:extend(body_style(body))
  return out
end

-- html

local function esc(value)
  return (value:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;"):gsub('"', "&quot;"))
end

local function element(tag, class, content)
  return "<" .. tag .. ' class="' .. class .. '">' .. content .. "</" .. tag .. ">"
end

function html.head()
  local f = head_fields()
  local to = {}
  for _, line in ipairs(ended(f.recipients)) do to[#to + 1] = "<li>" .. esc(line) .. "</li>" end
  local parts = {
    '<div class="cv-head">',
    '<div class="cv-bodies">',
    f.superior == "" and "" or element("p", "cv-superior", esc(f.superior)),
    element("p", "cv-issuer", esc(f.issuer)),
    element("p", "cv-number", esc(f.number)),
    f.subject == "" and "" or element("p", "cv-subject", esc(f.subject)),
    "</div>",
    '<div class="cv-state">',
    element("p", "cv-nation", esc(f.nation)),
    element("p", "cv-motto", esc(f.motto)),
    element("p", "cv-date", esc(f.place_date)),
    "</div>",
    "</div>",
  }
  if #to > 0 then
    parts[#parts + 1] = '<div class="cv-to"><p>Kính gửi:</p><ul>' .. table.concat(to)
      .. "</ul></div>"
  end
  return { raw("html", table.concat(parts, "\n")) }
end

function html.signature()
  local who, lines, capacity = signer(), {}, {}
  for _, line in ipairs(copy_lines()) do
    lines[#lines + 1] = '<li class="cv-level-' .. line.level .. '">' .. esc(line.text) .. "</li>"
  end
  for _, line in ipairs(who.capacity) do capacity[#capacity + 1] = esc(line) end
  return { raw("html", table.concat({
    '<div class="cv-sign">',
    '<div class="cv-copies"><p class="cv-copies-label">Nơi nhận:</p><ul>',
    table.concat(lines, "\n"),
    "</ul></div>",
    '<div class="cv-signer">',
    element("p", "cv-capacity", table.concat(capacity, "<br>")),
    element("p", "cv-name", esc(who.name)),
    "</div></div>",
  }, "\n")) }
end

function html.body(blocks)
  local out = pandoc.List()
  for _, block in ipairs(blocks) do
    if is_run_in(block) then
      out:insert(pandoc.Div({ block }, pandoc.Attr("", { "de-muc" })))
    else
      out:insert(block)
    end
  end
  return out
end

function html.keep(block) return pandoc.List({ block }) end

function html.appendix(div, heading, title, body)
  local out = pandoc.List()
  if heading then out:insert(heading) end
  if title then
    out:insert(pandoc.Div(title, pandoc.Attr("", { "ten-phu-luc" })))
  end
  out:insert(raw("html", element("p", "kem-theo", esc(enclosed_text()))))
  out:extend(html.body(body))
  local classes = pandoc.List({ "appendix" })
  classes:extend(div.classes)
  return pandoc.List({ pandoc.Div(out, pandoc.Attr("", classes)) })
end

-- The document -----------------------------------------------------------------------------

local function is_part(block, class)
  return block.t == "Div" and block.classes:includes(class)
end

-- Quarto wraps what a cell shows in divs of its own; the parts of the letter stand in them.
local function unwrap_cells(doc)
  return doc:walk({
    Div = function(div)
      local shows = div.classes:find_if(function(class)
        return class == "cell" or class:match("^cell%-output") ~= nil
      end)
      return shows and div.content or nil
    end,
  })
end

-- Take the fields that the text fills out of it.
local function take_fields(doc)
  return doc:walk({
    Div = function(div)
      if div.classes:includes("truong") then
        local name = div.attributes.name or ""
        local value = stringify(div.content)
        if name == "title" then
          doc.meta.title = pandoc.MetaInlines({ pandoc.Str(value) })
          doc.meta.pagetitle = pandoc.MetaString(value)
        elseif name == "description" then
          doc.meta.description = pandoc.MetaString(value)
        elseif name ~= "" and letter[name] == nil then
          letter[name] = pandoc.MetaString(value)
        end
        return {}
      end
    end,
  }), doc.meta
end

-- What the office is called may change with time: an entry of `changes` is in force from the month
-- of its `from` on, and replaces the fields that it names.
local function take_changes()
  local month = text("month")
  if month == "" then return end
  for _, entry in ipairs(as_list(letter.changes)) do
    if pandoc.utils.type(entry) == "table" and stringify(entry.from or ""):sub(1, 7) <= month then
      for key, value in pairs(entry) do
        if key ~= "from" then letter[key] = value end
      end
    end
  end
end

-- A heading may name the tables that its part is made from (`tables="documents e_copies"`). Where
-- the field `tables` says which there are, a part of which none is there goes, and the numbers of
-- the headings that stay ("2. Về …") close up.
local function take_tables(blocks, present, place)
  local out, dropping = pandoc.List(), nil
  for _, block in ipairs(blocks) do
    if block.t == "Header" then
      if dropping and block.level <= dropping then dropping = nil end
      local wanted = block.attributes.tables
      if wanted and not dropping then
        local found = false
        for name in wanted:gmatch("%S+") do found = found or present[name] end
        if not found then dropping = block.level end
        block.attributes.tables = nil
      end
      local first = block.content[1]
      if wanted and not dropping and first and first.t == "Str" and first.text:match("^%d+%.$") then
        place.number = place.number + 1
        first.text = place.number .. "."
      end
    elseif block.t == "Div" then
      if block.classes:includes("ket") or block.classes:includes("chu-ky")
        or block.classes:includes("phu-luc") or block.classes:includes("phan-tich") then
        dropping = nil
      end
      if not dropping then
        block.content = take_tables(block.content, present, place)
        if block.classes:includes("ket") then
          out:extend(block.content)
          goto continue
        end
      end
    end
    if not dropping then out:insert(block) end
    ::continue::
  end
  return out
end

local function with_tables(doc)
  local present, some = {}, false
  for name in text("tables"):gmatch("%S+") do
    present[name], some = true, true
  end
  -- A document that does not say which tables there are has them all.
  if not some then setmetatable(present, { __index = function() return true end }) end
  doc.blocks = take_tables(doc.blocks, present, { number = 0 })
  return doc
end

local function split_appendix(div)
  local heading, title, body = nil, nil, pandoc.List()
  for _, block in ipairs(div.content) do
    if block.t == "Header" and not heading then
      heading = block
    elseif is_part(block, "ten-phu-luc") and not title then
      title = block.content
    else
      body:insert(block)
    end
  end
  if heading and div.identifier ~= "" then heading.identifier = div.identifier end
  return heading, title, body
end

-- Sections get addresses that last: "1. Về …" is #muc-1, any other heading its words without
-- marks. Ids that are plain already, as those that an author gives, stay.
local function slug(value)
  local out = unmarked(pandoc.text.lower(value))
  out = out:gsub("[^a-z0-9]+", "-"):gsub("^%-+", ""):gsub("%-+$", "")
  return out
end

local function name_headings(doc)
  local taken, renamed = {}, {}
  doc = doc:walk({
    Header = function(h)
      if h.identifier == "" or not h.identifier:find("[\128-\255]") then
        taken[h.identifier] = true
        return nil
      end
      local words = h.content:filter(function(inline) return inline.t ~= "Note" end)
      local plain = stringify(words)
      local number = plain:match("^(%d+)%.%s")
      local base = number and ("muc-" .. number) or slug(plain)
      local id, count = base, 1
      while taken[id] do
        count = count + 1
        id = base .. "-" .. count
      end
      taken[id] = true
      renamed["#" .. h.identifier] = "#" .. id
      h.identifier = id
      return h
    end,
  })
  return doc:walk({
    Link = function(link)
      if renamed[link.target] then
        link.target = renamed[link.target]
        return link
      end
    end,
  })
end

-- The highest heading becomes level 2 in html (the page's title is level 1), else level 1.
local function level_headings(doc)
  local top = 9
  doc:walk({ Header = function(h) top = math.min(top, h.level) end })
  local shift = (format == "html" and 2 or 1) - top
  if top == 9 or shift == 0 then return doc end
  return doc:walk({
    Header = function(h)
      h.level = math.max(1, math.min(6, h.level + shift))
      return h
    end,
  })
end

function Pandoc(doc)
  local writer = writers[format]
  if not writer then return doc end
  local given = doc.meta["cong-van"]
  if pandoc.utils.type(given) ~= "table" then given = {} end
  for key, value in pairs(given) do letter[key] = value end
  local meta
  doc, meta = take_fields(unwrap_cells(doc))
  doc.meta = meta
  take_changes()
  doc = with_tables(doc)
  doc = name_headings(level_headings(doc))
  if writer.prepare then doc = writer.prepare(doc) end

  local out, body = pandoc.List(), pandoc.List()
  local landscape = false

  local function flush()
    out:extend(writer.body(body))
    body = pandoc.List()
  end

  for _, block in ipairs(doc.blocks) do
    if is_part(block, "chu-ky") then
      -- The signature is never alone on its page: the closing words go with it.
      local closing = body[#body] and body[#body].t == "Para" and body:remove() or nil
      flush()
      if closing then out:extend(writer.keep(closing)) end
      out:extend(writer.signature())
    elseif is_part(block, "phu-luc") or is_part(block, "phan-tich") then
      flush()
      if format == "docx" then out:insert(section_end(landscape)) end
      landscape = block.attributes.orientation == "landscape"
      out:extend(writer.appendix(block, split_appendix(block)))
    else
      body:insert(block)
    end
  end
  flush()
  -- The last section is the document's own; a paragraph that ends it would open an empty page.
  if format == "docx" and landscape then
    doc.meta["last-section"] = pandoc.MetaBlocks({ raw("openxml", section(true)) })
  end

  local blocks = pandoc.List()
  if next(given) then blocks:extend(writer.head()) end
  blocks:extend(out)
  doc.blocks = blocks
  return doc
end
